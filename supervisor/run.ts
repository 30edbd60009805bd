/** Runs a supervisor as this process: signals in, exit code out. */
import { AppError, messageOf } from "#server/core/errors.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";
import type { StartOptions } from "./options.ts";
import { readStopSignal } from "./stop-signal.ts";
import { createSupervisor } from "./supervisor.ts";

/** Starts everything and returns when it has been stopped; the exit code is set. */
export async function runSupervisor(options: StartOptions): Promise<void> {
  const out = (text: string): void => void process.stdout.write(text);
  // A closed terminal must not take the gateway down.
  process.stdout.on("error", () => undefined);
  process.on("SIGHUP", () => undefined);
  const stopAsked = Promise.withResolvers<void>();
  let supervisor: ReturnType<typeof createSupervisor> | null = null;
  let firstSignalAt: number | null = null;
  let exitCode = 0;

  const onSignal = (): void => {
    const wish = readStopSignal(firstSignalAt, Date.now());
    firstSignalAt ??= Date.now();
    if (wish === "gently") {
      out("\n  Stopping: finishing what is under way. Once more to stop at once.\n");
      stopAsked.resolve();
    } else if (wish === "now") {
      exitCode = 1;
      void supervisor?.stopNow();
    }
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  // Whoever started us through a channel (the set-up script) is gone: stop as if asked to.
  process.on("disconnect", () => stopAsked.resolve());

  try {
    supervisor = createSupervisor(options, out);
    const started = supervisor.start();
    const first = await Promise.race([started.then(() => "started"), stopAsked.promise]);
    if (first === "started" && process.connected) {
      process.send?.({ type: "ready" });
    }
    await stopAsked.promise;
    const stopping = supervisor.stop();
    await started.catch(() => undefined);
    await stopping;
    process.exit(exitCode);
  } catch (error) {
    process.stderr.write(`\n  ✗ ${messageOf(error)}\n\n`);
    await supervisor?.stop();
    process.exit(error instanceof AppError ? ERROR_MEANINGS[error.code].cli : 1);
  }
}
