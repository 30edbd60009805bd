/** Reads what goes with a question to an agent that remembers. */
import type { Clock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import { isAppError } from "#server/core/errors.ts";
import { chooseTurns, type Exchange } from "#server/memory/policy.ts";
import type { RunSeal } from "#server/sandbox/index.ts";
import type { Turn } from "#server/sandbox/schema.ts";

/** Of one sender in one place: nobody else's words are in it, also in a group. */
export interface Conversation {
  channel: string;
  /** Of the platform; the principal's id for callers of the API. */
  conversationId: string;
  /** Empty: the principal speaks for itself. */
  userId: string;
}

interface RecallDeps {
  db: Db;
  clock: Clock;
  runSeal: RunSeal;
}

/** `agents.*.memory`. */
export interface MemorySettings {
  /** Questions with their answers. */
  turns: number;
  /** Milliseconds. */
  retention: number;
}

/** What cannot be read ends the memory there, and is on record. */
export async function recall(
  { db, clock, runSeal }: RecallDeps,
  { channel, conversationId, userId }: Conversation,
  agent: string,
  { turns, retention }: MemorySettings,
): Promise<Turn[]> {
  const rows = await db.conversationTurn.findMany({
    where: { channel, conversationId, userId, agent, createdAt: { gt: new Date(clock.now() - retention) } },
    // Both rows of an exchange have one time; its answer comes first here.
    orderBy: [{ createdAt: "desc" }, { runId: "desc" }, { role: "asc" }],
    take: turns * 2,
  });
  const exchanges: Exchange[] = [];
  try {
    for (let index = 0; index + 1 < rows.length; index += 2) {
      const [assistant, user] = [rows[index], rows[index + 1]];
      if (assistant?.role !== "assistant" || user?.role !== "user" || assistant.runId !== user.runId) {
        break;
      }
      exchanges.push({
        user: runSeal.openTurn(user, user.text),
        assistant: runSeal.openTurn(assistant, assistant.text),
      });
    }
  } catch (error) {
    if (!isAppError(error) || error.code !== "CANNOT_DECRYPT") {
      throw error;
    }
  }
  return chooseTurns(exchanges);
}
