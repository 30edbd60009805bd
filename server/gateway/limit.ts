/** Step 5, limit: one atomic answer over every rule that applies, and the standard headers that tell the caller about it. */
import { rulesFor, type LimitFacts } from "#server/ratelimit/policy.ts";
import type { LimitState, LimitTicket } from "#server/ratelimit/schema.ts";
import { Refusal } from "#server/gateway/refusal.ts";
import type { GatewayServices } from "#server/gateway/services.ts";

export interface Admission {
  ticket: LimitTicket;
  headers: Record<string, string>;
}

/** @throws Refusal RATE_LIMITED naming the rule and when to come back. */
export async function limit(services: GatewayServices, facts: LimitFacts): Promise<Admission> {
  const rules = rulesFor(services.config.current().config.security.rateLimit, facts);
  const answer = await services.limiter.take(rules);
  if (answer.allowed) {
    return { ticket: answer.ticket, headers: answer.tightest === null ? {} : limitHeaders(answer.tightest) };
  }
  const { rule, retryAfterMs } = answer.exceeded;
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
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
      details: { rule: rule.source, max: rule.max, windowMs: rule.windowMs },
      headers: limitHeaders(answer.exceeded),
    },
  );
}

/** `RateLimit` and `RateLimit-Policy` as structured fields (draft-ietf-httpapi-ratelimit-headers), for the rule nearest to its end. */
function limitHeaders({ rule, remaining, retryAfterMs }: LimitState): Record<string, string> {
  const name = JSON.stringify(rule.source);
  const reset = retryAfterMs === 0 ? "" : `;t=${Math.ceil(retryAfterMs / 1000)}`;
  return {
    ratelimit: `${name};r=${remaining}${reset}`,
    "ratelimit-policy": `${name};q=${rule.max};w=${Math.ceil(rule.windowMs / 1000)}`,
  };
}
