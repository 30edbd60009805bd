/** Whether somebody is at the page. Background refreshes of an abandoned tab must not keep its session alive. */

const PRESENT_MS = 60_000;
const EVENTS = ["pointerdown", "keydown", "wheel", "touchstart"] as const;

export interface ActivityMonitor {
  /** True when there was input within the last minute. */
  isPresent(): boolean;
  /** Starts to listen; returns the function that stops it. */
  start(): () => void;
}

export function createActivityMonitor(): ActivityMonitor {
  let lastInputAt = Date.now();
  const note = () => {
    lastInputAt = Date.now();
  };
  return {
    isPresent: () => Date.now() - lastInputAt < PRESENT_MS,
    start() {
      for (const name of EVENTS) {
        window.addEventListener(name, note, { passive: true, capture: true });
      }
      return () => {
        for (const name of EVENTS) {
          window.removeEventListener(name, note, { capture: true });
        }
      };
    },
  };
}
