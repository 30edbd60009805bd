/** An adapter that also believes what is signed with a secret from before a rotation, while its grace lasts. Pure. */
import type { ChannelAdapter, HookRequest, Verdict } from "#server/channels/adapter.ts";

export interface EarlierAdapter {
  adapter: ChannelAdapter;
  /** Milliseconds since 1970. */
  until: number;
}

/** @param now milliseconds since 1970, asked for each delivery */
export function withEarlier(
  current: ChannelAdapter,
  earlier: readonly EarlierAdapter[],
  now: () => number,
): ChannelAdapter {
  if (earlier.length === 0) {
    return current;
  }
  const live = (): ChannelAdapter[] => earlier.filter(({ until }) => until > now()).map(({ adapter }) => adapter);
  return {
    ...current,
    precheck(request) {
      const verdict = current.precheck(request);
      return verdict.ok || live().every((adapter) => !adapter.precheck(request).ok) ? verdict : { ok: true };
    },
    async verify(request, body, at): Promise<Verdict> {
      const verdict = await current.verify(request, body, at);
      if (verdict.ok || verdict.reason !== "signature_wrong") {
        return verdict;
      }
      for (const adapter of live()) {
        if ((await adapter.verify(request, body, at)).ok) {
          return { ok: true };
        }
      }
      return verdict;
    },
    ...(current.challenge === undefined
      ? {}
      : {
          challenge: (request: HookRequest) =>
            [current, ...live()]
              .map((adapter) => adapter.challenge?.(request) ?? null)
              .find((answer) => answer !== null) ?? null,
        }),
  };
}
