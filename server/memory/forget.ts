/** Takes back what is remembered: at its sender's word, with the user's record, and by time. */
import { recordEvents } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Db, Tx } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { RETENTION_OF_OTHERS_MS } from "#server/memory/policy.ts";
import type { Conversation } from "#server/memory/recall.ts";

const BATCH = 1_000;
const OPEN_STATES = ["queued", "running"];

/** All agents' turns with this sender in this place. @returns how many messages are gone */
export async function forgetConversation(
  db: Db,
  { channel, conversationId, userId }: Conversation,
  occasion: Omit<AuditEventInput, "event" | "data" | "target">,
): Promise<number> {
  return withTx(db, async (tx) => {
    // First the runs: one that ends at this moment either wrote its turn before, or keeps none.
    await tx.run.updateMany({
      where: { channel, conversationId, userId: userId === "" ? null : userId, state: { in: OPEN_STATES } },
      data: { conversationId: null },
    });
    const { count } = await tx.conversationTurn.deleteMany({ where: { channel, conversationId, userId } });
    await recordEvents(tx, [{ ...occasion, event: "conversation.forgotten", data: { turns: count } }]);
    return count;
  });
}

/** Everything a user said and was answered, in all places. */
export async function forgetUser(tx: Tx, userId: string): Promise<void> {
  await tx.run.updateMany({ where: { userId, state: { in: OPEN_STATES } }, data: { conversationId: null } });
  await tx.conversationTurn.deleteMany({ where: { userId } });
}

interface RetentionDeps {
  db: Db;
  clock: Clock;
}

/**
 * Removes what is older than its agent keeps it, in batches.
 * @param retentionOf milliseconds by agent; undefined = it remembers no more
 * @returns how many turns are gone
 */
export async function forgetOldTurns(
  { db, clock }: RetentionDeps,
  retentionOf: (agent: string) => number | undefined,
  isStopped: () => boolean,
): Promise<number> {
  const agents = await db.conversationTurn.findMany({ distinct: ["agent"], select: { agent: true } });
  let removed = 0;
  for (const { agent } of agents) {
    const before = new Date(clock.now() - (retentionOf(agent) ?? RETENTION_OF_OTHERS_MS));
    for (let count = BATCH; count === BATCH && !isStopped(); removed += count) {
      count = await db.$executeRaw`
        DELETE FROM conversation_turn WHERE id IN (
          SELECT id FROM conversation_turn WHERE agent = ${agent} AND created_at <= ${before}
           ORDER BY created_at LIMIT ${BATCH})`;
    }
  }
  return removed;
}
