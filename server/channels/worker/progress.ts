/** Tells who waits for a long run that it goes on: one message, edited. A courtesy: whatever fails here is left alone. */
import type { LiveChannel } from "#server/channels/connections.ts";
import type { ReplyTarget } from "#server/channels/schema.ts";
import { newReplyId } from "#server/core/ids.ts";

/** A run that ends sooner needs no word (milliseconds). */
const FIRST_MS = 5_000;
const NEXT_MS = 15_000;

export interface Progress {
  /** Says for how long it took, and no more after that. */
  end(): Promise<void>;
}

const NOTHING: Progress = { end: () => Promise.resolve() };

export function startProgress({ adapter, http }: LiveChannel, target: ReplyTarget): Progress {
  if (adapter.edit === undefined) {
    return NOTHING;
  }
  const startedAt = performance.now();
  const seconds = (): number => Math.round((performance.now() - startedAt) / 1000);
  let messageId: string | null = null;
  let ended = false;
  let speaking: Promise<void> = Promise.resolve();

  async function say(text: string): Promise<void> {
    if (messageId !== null) {
      await adapter.edit?.(http, target, messageId, text);
      return;
    }
    const sent = await adapter.send(http, target, text, newReplyId());
    messageId = sent.ok ? sent.platformMessageId : null;
  }

  function speak(): void {
    speaking = speaking.then(() => (ended ? undefined : say(`Working… ${seconds()} s`))).catch(() => undefined);
    timer = setTimeout(speak, NEXT_MS);
  }

  let timer = setTimeout(speak, FIRST_MS);
  return {
    async end() {
      ended = true;
      clearTimeout(timer);
      await speaking;
      if (messageId !== null) {
        await say(`Done after ${seconds()} s.`).catch(() => undefined);
      }
    },
  };
}
