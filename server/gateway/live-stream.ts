/** Ends a caller's open streams with its token, or when it is locked: what was true when the stream began is asked again while it lasts. */
import type { Principal } from "#server/access/schema.ts";
import type { Incoming } from "#server/gateway/exchange.ts";
import { lockOnPrincipal, type HeldKind, type Lock } from "#server/incidents/index.ts";
import type { GatewayServices } from "#server/gateway/services.ts";

interface Holder {
  principal: Principal;
  incoming: Pick<Incoming, "address">;
}

/** Between two looks at tokens that end by time (milliseconds). Other ends are announced. */
const LOOK_MS = 500;

/**
 * Calls `end` once as soon as the credential behind `holder` would no longer be accepted from that address: with the lock that shuts it
 * out, or null when the credential itself has ended.
 * @param kind under which name it is counted when a lock cuts it
 * @returns stops watching.
 */
export function watchCredential(
  services: GatewayServices,
  holder: Holder,
  end: (lock: Lock | null) => void,
  kind: HeldKind = "answers",
): () => void {
  const { principal, incoming } = holder;
  const account = services.configToken.account();
  const isLive = (): boolean =>
    principal.tokenId === null
      ? services.configToken.account() === account
      : services.tokens.isLive(principal.tokenId, incoming.address);
  const look = (): void => {
    if (!isLive()) {
      stop();
      end(null);
    }
  };
  const letGo = services.locks.hold(
    kind,
    (index, nowMs) => lockOnPrincipal(index, principal, nowMs),
    (lock) => {
      stop();
      end(lock);
    },
  );
  const stopHearing = services.tokens.onChange(look);
  const timer = setInterval(look, LOOK_MS);
  timer.unref();
  const stop = (): void => {
    clearInterval(timer);
    stopHearing();
    letGo();
  };
  return stop;
}

const ENDINGS = {
  token: { code: "unauthenticated", message: "The token of this stream has ended." },
  shutdown: { code: "shutting_down", message: "The gateway is stopping. Connect again and resume with Last-Event-ID." },
} as const;

/** The chunks of `body` until the token behind them ends, a lock cuts them or the server stops; then one `error` event, and the stream closes. */
export async function* endWithToken(
  services: GatewayServices,
  holder: Holder,
  body: AsyncIterable<string>,
): AsyncGenerator<string> {
  let ending: { code: string; message: string } | null = null;
  let wake = (): void => undefined;
  const end = (why: { code: string; message: string }): void => {
    ending ??= why;
    wake();
  };
  const stopHearing = services.draining.listen(() => end(ENDINGS.shutdown));
  const onEnd = (lock: Lock | null): void =>
    end(lock === null ? ENDINGS.token : { code: "locked", message: lock.message });
  const stop = watchCredential(services, holder, onEnd, "streams");
  const chunks = body[Symbol.asyncIterator]();
  try {
    while (ending === null) {
      // Not Promise.race with one long promise: every lap would leave a reaction on it until the stream ends.
      const step = await new Promise<IteratorResult<string> | null>((resolve, reject) => {
        wake = () => resolve(null);
        chunks.next().then(resolve, reject);
      });
      if (step === null) {
        break;
      }
      if (step.done === true) {
        return;
      }
      yield step.value;
    }
    yield `event: error\ndata: ${JSON.stringify(ending ?? ENDINGS.shutdown)}\n\n`;
  } finally {
    stop();
    stopHearing();
    // Not awaited: a chunk may be under way for as long as the run is silent.
    void chunks.return?.();
  }
}
