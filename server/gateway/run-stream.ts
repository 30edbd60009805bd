/** A run as server-sent events (WHATWG HTML § 9.2): one event per run event with its number as id, then the reply. */
import { AppError } from "#server/core/errors.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { getRun } from "#server/sandbox/index.ts";
import { isFinal, type RunEvent, type RunView } from "#server/sandbox/schema.ts";

interface StreamOptions {
  runId: string;
  signal: AbortSignal;
  /** Resume behind this event number. */
  afterSeq?: number;
  /** Makes the closing `reply` event; called once, when the run is final. */
  finish?: (run: RunView) => Promise<unknown>;
}

/** Silence after which a comment is sent, so that proxies keep the connection and a dead client is noticed (milliseconds). */
const KEEP_ALIVE_MS = 15_000;

/** Ends after the run's `end` event (and the reply), or when the client leaves. A failure in mid-stream is an `error` event. */
export function streamRun(services: GatewayServices, options: StreamOptions): AsyncIterable<string> {
  return withKeepAlive(events(services, options));
}

async function* events(services: GatewayServices, options: StreamOptions): AsyncGenerator<string> {
  const { runId, signal, afterSeq, finish } = options;
  yield event("run", { runId });
  try {
    for await (const entry of services.runs.follow(runId, { afterSeq, signal })) {
      yield runEvent(entry);
    }
    if (finish === undefined || signal.aborted) {
      return;
    }
    const run = await getRun(services, runId);
    if (isFinal(run.state)) {
      yield event("reply", await finish(run));
    }
  } catch (error) {
    services.log.error({ err: error, runId }, "run stream broke off");
    const known =
      error instanceof AppError
        ? error
        : new AppError("INTERNAL", "The stream broke off. Read the run with GET /api/v1/runs/:id.");
    yield event("error", { code: known.code.toLowerCase(), message: known.message });
  }
}

async function* withKeepAlive(source: AsyncGenerator<string>): AsyncGenerator<string> {
  let next = source.next();
  try {
    for (;;) {
      let timer: NodeJS.Timeout | undefined;
      const silence = new Promise<null>((resolve) => {
        timer = setTimeout(resolve, KEEP_ALIVE_MS, null);
      });
      const step = await Promise.race([next, silence]);
      clearTimeout(timer);
      if (step === null) {
        yield ": keep-alive\n\n";
      } else if (step.done === true) {
        return;
      } else {
        yield step.value;
        next = source.next();
      }
    }
  } finally {
    // The consumer left: what is under way ends by the request's signal, then the source cleans up.
    void next.catch(() => undefined);
    void source.return(undefined);
  }
}

const runEvent = ({ seq, kind, at, data }: RunEvent): string =>
  `id: ${seq}\n${event(kind, { at: at.toISOString(), ...data })}`;

/** JSON on one line: no value can break out of its event. */
const event = (name: string, data: unknown): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
