/** Where every limit stands for a message that nobody sends: the same rules and counts as the live gate, and no place is taken. */
import type { ExplainRequest } from "#server/access/schema.ts";
import { isAppError } from "#server/core/errors.ts";
import { admissible } from "#server/gateway/dispatch.ts";
import { askedSender } from "#server/gateway/explain-sender.ts";
import { standing } from "#server/gateway/limit.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import type { LimitState } from "#server/ratelimit/schema.ts";

interface ExplainedLimits {
  /** For people: who is imagined to send it. Null: somebody who would not get in. */
  sender: string | null;
  /** Why the message never comes to be counted; null when it does. */
  refusal: { message: string; because: string } | null;
  /** Whom it is counted for. */
  subject: string | null;
  role: string | null;
  states: LimitState[];
}

/** @throws AppError INVALID_INPUT when nobody is named as the sender, STORE_UNAVAILABLE when nothing can be counted now. */
export async function explainLimits(services: GatewayServices, question: ExplainRequest): Promise<ExplainedLimits> {
  const policy = services.policy.current();
  const { channel, command, user } = question;
  const nothing = { subject: null, role: null, states: [] };
  const sender = await askedSender(services.db, policy, question, services.clock.now());
  if ("code" in sender) {
    return { ...nothing, sender: null, refusal: { message: sender.message, because: sender.because } };
  }
  const { principal, title } = sender;
  try {
    const { counted } = admissible(policy, principal, { channel, command, userId: user ?? null });
    const states = await standing(services, counted);
    return { sender: title, refusal: null, subject: counted.subject, role: counted.role, states };
  } catch (error) {
    if (!isAppError(error) || error.code !== "FORBIDDEN") {
      throw error;
    }
    const because = error.details?.["because"];
    const refusal = { message: error.message, because: typeof because === "string" ? because : "the access policy" };
    return { ...nothing, sender: title, refusal };
  }
}
