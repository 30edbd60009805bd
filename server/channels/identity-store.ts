/** The approved senders, in memory: asked for with every message, read anew as a whole when a row changes. */
import type { Pool } from "pg";
import type { NotifyHub } from "#server/core/db/notify.ts";
import type { Logger } from "#server/core/log.ts";

export interface IdentityStore {
  /** The user that this sender of this channel was bound to; undefined = none. */
  userOf(channel: string, senderId: string): string | undefined;
  /** Resolves once this process knows what the database holds now. */
  reload(): Promise<void>;
}

interface IdentityStoreDeps {
  pool: Pool;
  notify: NotifyHub;
  log: Logger;
}

type Identities = ReadonlyMap<string, ReadonlyMap<string, string>>;

const RETRY_MS = 500;

/** Rejects when the database cannot say: without it nobody would be who they are. */
export async function openIdentityStore({ pool, notify, log }: IdentityStoreDeps): Promise<IdentityStore> {
  let known: Identities = await readIdentities(pool);
  let begun = 0;
  let shown = 0;

  async function reload(): Promise<void> {
    begun += 1;
    const mine = begun;
    for (;;) {
      try {
        const next = await readIdentities(pool);
        // A slower, older read must not overwrite a newer one.
        if (mine > shown) {
          shown = mine;
          known = next;
        }
        return;
      } catch (error) {
        if (mine < begun) {
          return;
        }
        log.warn({ err: error }, "identities: database not answering, trying again");
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
  }

  await notify.listen("openclaw_identity", () => void reload());
  notify.onReconnect(() => void reload());
  // What changed between the first reading and the listening.
  await reload();
  return { userOf: (channel, senderId) => known.get(channel)?.get(senderId), reload };
}

async function readIdentities(pool: Pool): Promise<Identities> {
  const { rows } = await pool.query<{ channel: string; senderId: string; userId: string }>(
    `SELECT channel, sender_id AS "senderId", user_id AS "userId" FROM channel_identity`,
  );
  const byChannel = new Map<string, Map<string, string>>();
  for (const { channel, senderId, userId } of rows) {
    const senders = byChannel.get(channel) ?? new Map<string, string>();
    senders.set(senderId, userId);
    byChannel.set(channel, senders);
  }
  return byChannel;
}
