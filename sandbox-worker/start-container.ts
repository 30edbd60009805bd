/**
 * A container up to the point where it waits for its program on standard input, which is the same for one made for a run and one made
 * ahead; and its removal.
 */
import { Duplex } from "node:stream";
import type Docker from "dockerode";
import type { ContainerCreateOptions } from "dockerode";
import { isMissing, withinLimit } from "#worker/connect-engine.ts";
import { driftOf } from "#worker/drift.ts";
import { DetectedRefusal } from "#worker/run-failure.ts";

/** The engine answers every call within this time or counts as gone; a run may take longer and has its own limit. */
export const CALL_LIMIT_MS = 60_000;

/** Attached and started; nothing has been written to it. */
export interface StartedContainer {
  container: Docker.Container;
  /** Standard input, and output and errors in the engine's frames. Nothing is read from it before a run listens. */
  stream: Duplex;
  /** First process as the host sees it; 0 = unknown. */
  pid: number;
  /** The exit code. Never settles when the engine goes: then `closed` does. */
  exit: Promise<number>;
  /** The stream has ended. */
  closed: Promise<void>;
  /** False once the container or the engine behind it is gone. */
  isAlive(): boolean;
}

/**
 * @param onCreated gets the id as soon as there is something to remove
 * @throws Refusal when the engine made something else than it was asked for, the engine's error, or the reason of `signal`; what was made
 *   by then is left to the caller to remove
 */
export async function startContainer(
  docker: Docker,
  body: ContainerCreateOptions,
  signal: AbortSignal,
  onCreated: (containerId: string) => void,
): Promise<StartedContainer> {
  const container = await withinLimit(docker.createContainer(body), CALL_LIMIT_MS);
  onCreated(container.id);
  signal.throwIfAborted();
  const attached = container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
  const stream = await withinLimit(attached, CALL_LIMIT_MS);
  if (!(stream instanceof Duplex)) {
    throw new Error("The engine gave a stream that cannot be written to");
  }
  let alive = true;
  const closed = Promise.withResolvers<void>();
  const onClosed = (): void => {
    alive = false;
    closed.resolve();
  };
  stream.on("error", onClosed);
  stream.on("end", onClosed);
  stream.on("close", onClosed);
  try {
    signal.throwIfAborted();
    await withinLimit(container.start(), CALL_LIMIT_MS);
    const exit = container.wait().then(({ StatusCode }: { StatusCode: number }) => StatusCode);
    exit.then(
      () => (alive = false),
      () => (alive = false),
    );
    const made = await withinLimit(container.inspect(), CALL_LIMIT_MS);
    // The launcher waits for a program: none has reached it yet.
    refuseDrift(driftOf(body, made));
    return { container, stream, pid: made.State.Pid, exit, closed: closed.promise, isAlive: () => alive };
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

function refuseDrift(settings: string[]): void {
  if (settings.length > 0) {
    throw new DetectedRefusal(
      `The engine made another container than it was asked for (${settings.join(", ")}), so no program was given to it. ` +
        "Look at what lies between the worker and the engine, and at the engine's defaults in daemon.json.",
      { event: "sandbox.container_drift", reason: "drift", evidence: { settings } },
    );
  }
}

/** Ends and removes. False when it was gone already. @throws the engine's error. */
export async function removeContainer(docker: Docker, containerId: string): Promise<boolean> {
  try {
    await withinLimit(docker.getContainer(containerId).remove({ force: true }), CALL_LIMIT_MS);
    return true;
  } catch (error) {
    if (isMissing(error)) {
      return false;
    }
    throw error;
  }
}
