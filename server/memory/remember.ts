/** Keeps a question with its answer, in the transaction that stores the end of its run. */
import type { Tx } from "#server/core/db/client.ts";
import { isAppError } from "#server/core/errors.ts";
import { randomId } from "#server/core/ids.ts";
import { keptText } from "#server/memory/policy.ts";
import type { RunSeal } from "#server/sandbox/index.ts";

/** Does nothing for a run whose agent remembers nothing, whose conversation was forgotten meanwhile, or that gave no answer. */
export async function remember(
  tx: Tx,
  runSeal: RunSeal,
  { runId, answer, at }: { runId: string; answer: string; at: Date },
): Promise<void> {
  const run = await tx.run.findUnique({
    where: { id: runId },
    select: { channel: true, conversationId: true, userId: true, agent: true, code: true },
  });
  const assistant = answer.trimEnd();
  if (run === null || run.conversationId === null || run.agent === null || assistant === "") {
    return;
  }
  const { channel, conversationId, userId, agent, code } = run;
  const user = opened(() => runSeal.openText("code", runId, code));
  if (user === null) {
    return;
  }
  const said = { user, assistant };
  await tx.conversationTurn.createMany({
    data: (["user", "assistant"] as const).map((role) => {
      const id = randomId("trn");
      const text = runSeal.sealTurn(id, keptText(said[role]));
      return { id, channel, conversationId, userId: userId ?? "", agent, role, text, runId, createdAt: at };
    }),
    skipDuplicates: true,
  });
}

/** Null: it cannot be read any more, which is on record; the end of the run does not wait for it. */
function opened(open: () => string): string | null {
  try {
    return open();
  } catch (error) {
    if (isAppError(error) && error.code === "CANNOT_DECRYPT") {
      return null;
    }
    throw error;
  }
}
