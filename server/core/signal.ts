/** A wake-up that is not lost when nobody waits yet: raised once, the next wait ends at once. */
export interface Signal {
  raise(): void;
  /** Resolves when raised since the last wait, or after `timeoutMs`. One waiter at a time. */
  wait(timeoutMs: number): Promise<void>;
}

export function createSignal(): Signal {
  let raised = false;
  let release: (() => void) | null = null;
  return {
    raise() {
      raised = true;
      release?.();
    },
    async wait(timeoutMs) {
      if (!raised) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeoutMs);
          release = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        release = null;
      }
      raised = false;
    },
  };
}
