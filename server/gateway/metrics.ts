/** `GET /metrics`: what Prometheus scrapes. Takes `monitoring:read`, like the console's page of the same numbers. */
import type { Identified } from "#server/gateway/answer.ts";
import { authorizeAccess } from "#server/gateway/authorize.ts";
import type { Outgoing } from "#server/gateway/exchange.ts";
import type { GatewayServices } from "#server/gateway/services.ts";

/** @throws Refusal FORBIDDEN */
export async function getMetrics(services: GatewayServices, { principal }: Identified): Promise<Outgoing> {
  authorizeAccess(services.policy.current(), principal, "monitoring:read");
  const { exposition } = services.metrics;
  return { status: 200, headers: { "content-type": exposition.contentType }, body: await exposition.text() };
}
