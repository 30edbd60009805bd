/** Step 5, limit: one atomic answer over every rule that applies, and the standard headers that tell the caller about it. */
import { rulesFor, type LimitFacts } from "#server/ratelimit/policy.ts";
import type { LimitState, LimitTicket } from "#server/ratelimit/schema.ts";
import { limitHeaders } from "#server/gateway/limit-headers.ts";
import { Refusal } from "#server/gateway/refusal.ts";
import type { GatewayServices } from "#server/gateway/services.ts";

export interface Admission {
  ticket: LimitTicket;
  /** Where every rule that was counted stands now. */
  states: readonly LimitState[];
  headers: Record<string, string>;
}

/** @throws Refusal RATE_LIMITED naming the rule and when to come back. @throws AppError STORE_UNAVAILABLE when nothing can be counted. */
export async function limit(services: GatewayServices, facts: LimitFacts): Promise<Admission> {
  const rules = rulesFor(services.config.current().config.security.rateLimit, facts);
  const answer = await services.limiter.take(rules);
  if (answer.allowed) {
    return { ticket: answer.ticket, states: answer.states, headers: limitHeaders(answer.states, answer.tightest) };
  }
  const { rule } = answer.exceeded;
  const seconds = waitSeconds(answer.exceeded);
  const exceeded = answer.states.filter(({ remaining }) => remaining === 0);
  throw new Refusal(
    "RATE_LIMITED",
    `Limit reached: ${rule.max} requests in ${rule.windowMs / 1000} s (${rule.source}). Try again in ${seconds} s.`,
    {
      event: "limit.exceeded",
      reason: "rate_limited",
      because: rule.source,
      channel: facts.channel,
      data: { key: rule.key, max: rule.max, windowMs: rule.windowMs, command: facts.command },
    },
    {
      retryAfterSeconds: seconds,
      details: {
        rule: rule.source,
        max: rule.max,
        windowMs: rule.windowMs,
        exceeded: exceeded.map((state) => ({ rule: state.rule.source, retryAfterSeconds: waitSeconds(state) })),
      },
      headers: limitHeaders(answer.states, answer.exceeded),
    },
  );
}

/** Where every rule stands that a message of these facts would count against; takes no place. @throws AppError STORE_UNAVAILABLE */
export async function standing(services: GatewayServices, facts: LimitFacts): Promise<LimitState[]> {
  return services.limiter.peek(rulesFor(services.config.current().config.security.rateLimit, facts));
}

function waitSeconds({ retryAfterMs }: LimitState): number {
  return Math.max(1, Math.ceil(retryAfterMs / 1000));
}
