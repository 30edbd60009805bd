/** `GET /api/v1/whoami`: what this token is and may do, so that a bot's author need not guess. */
import type { Identified } from "#server/gateway/answer.ts";
import { json, type Outgoing } from "#server/gateway/exchange.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { listsOfToken } from "#server/gateway/token-models.ts";
import { modelsOfAll } from "#server/models/index.ts";
import { shownModels } from "#server/models/policy.ts";

export async function getWhoAmI(services: GatewayServices, { principal }: Identified): Promise<Outgoing> {
  const role = services.policy.current().roles.get(principal.role);
  return json(200, {
    id: principal.id,
    name: principal.name,
    role: principal.role,
    permissions: role?.permissions ?? [],
    scopes: principal.scopes,
    channels: principal.channels.length > 0 ? principal.channels : (role?.channels ?? []),
    commands: role?.commands ?? [],
    models: shownModels(modelsOfAll(listsOfToken(services, principal))),
    user: principal.boundUserId,
  });
}
