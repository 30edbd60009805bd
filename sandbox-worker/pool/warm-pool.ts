/** The pool of containers that were started ahead, as the rest of the worker sees it. */
import type { SandboxContainer } from "#worker/sandbox-container.ts";
import type { StartedContainer } from "#worker/start-container.ts";

export interface WarmContainer {
  /** The taker destroys it. */
  box: SandboxContainer;
  started: StartedContainer;
}

export interface WarmPool {
  /** A container made for exactly this key that no program has seen, now this caller's alone; null = make one. Never waits. */
  take(key: string): WarmContainer | null;
  /** A run makes its own container now: nothing is made ahead until the returned function is called. */
  yieldTo(): () => void;
  /** True while the container of that name (`LABEL.pool`) is being made, waits, or is in a taker's hands. */
  holds(entry: string): boolean;
  /** Looks again at once: the engine came back. */
  look(): void;
  /** Destroys what nobody took. */
  close(): Promise<void>;
}
