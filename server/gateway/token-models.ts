/** The list of models that a principal's own token carries, which narrows what its role may use. */
import type { Principal } from "#server/access/schema.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { modelsOfToken, type ModelList } from "#server/models/index.ts";
import { isGranted } from "#server/models/policy.ts";

const NONE: readonly ModelList[] = [];

/** From memory. Empty for who has no token: the configuration's own, and senders of platforms. */
export const listsOfToken = (
  { tokens }: Pick<GatewayServices, "tokens">,
  { tokenId }: Pick<Principal, "tokenId">,
): readonly ModelList[] => (tokenId === null ? NONE : [modelsOfToken(tokenId, tokens.get(tokenId)?.models)]);

/** The list of the principal's own that leaves `model` out; undefined = none does, or no model is named. */
export const listWithout = (
  services: Pick<GatewayServices, "tokens">,
  principal: Pick<Principal, "tokenId">,
  model: string | null,
): ModelList | undefined =>
  model === null ? undefined : listsOfToken(services, principal).find(({ names }) => !isGranted(names, model));
