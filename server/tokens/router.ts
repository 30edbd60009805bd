/** tRPC adapter of tokens. A caller reaches the tokens of its own owner; `tokens:any_owner` widens that. */
import { modelsFor } from "#server/models/index.ts";
import type { AppServices } from "#server/services.ts";
import {
  givableRoles,
  ownerOf,
  reachableOwner,
  reachOf,
  recordingRefusal,
  revokeMany,
} from "#server/tokens/console.ts";
import {
  ByIdInput,
  ConsoleTokenDetails,
  ConsoleTokenPage,
  CreatedSecret,
  CreateInput,
  GivableRoles,
  ListInput,
  OwnerInput,
  OwnerUsage,
  RevokedFamily,
  RevokedMany,
  RevokedOne,
  RevokeInput,
  RevokeManyInput,
  RotatedSecret,
  RotateInput,
  TokenSettings,
} from "#server/tokens/console-schema.ts";
import {
  createToken,
  listTokens,
  revokeFamily,
  revokeToken,
  rotateToken,
  type TokenDeps,
} from "#server/tokens/index.ts";
import { countOwned } from "#server/tokens/owner-usage.ts";
import { readToken } from "#server/tokens/read-token.ts";
import { sessionGrantor } from "#server/trpc/grantor.ts";
import { router } from "#server/trpc/init.ts";
import { withPermission } from "#server/trpc/procedures.ts";

const DEFAULT_REASON = "revoked in the console";
/** The role of `gateway.token`, which belongs to whoever owns the configuration file. */
const CONFIG_TOKEN = { owner: "operator", role: "admin" };

const settingsOf = (services: AppServices) => services.config.current().config.gateway.tokenConfig;

function tokenDeps(services: AppServices): TokenDeps {
  const { db, clock, pepper } = services;
  return { db, clock, pepper, settings: settingsOf(services), policy: services.policy.current() };
}

export const tokensRouter = router({
  list: withPermission("tokens", "read")
    .input(ListInput)
    .output(ConsoleTokenPage)
    .query(async ({ ctx: { services, session }, input }) => {
      const { owner, ...query } = input;
      const now = new Date(services.clock.now());
      const reach = reachOf(session);
      if (reach !== undefined && owner !== undefined && owner !== reach) {
        return { now, tokens: [], nextCursor: null };
      }
      return { now, ...(await listTokens(services, { ...query, ownerId: owner ?? reach })) };
    }),

  byId: withPermission("tokens", "read")
    .input(ByIdInput)
    .output(ConsoleTokenDetails)
    .query(async ({ ctx: { services, session }, input }) => ({
      now: new Date(services.clock.now()),
      ...(await readToken(services, input.id, reachOf(session))),
    })),

  settings: withPermission("tokens", "read")
    .output(TokenSettings)
    .query(({ ctx: { services, session } }) => {
      const { expiration, maxTokens } = settingsOf(services);
      const reach = reachOf(session);
      const configured = services.config.current().config.gateway.token !== undefined;
      const shown = configured && (reach === undefined || reach === CONFIG_TOKEN.owner);
      return {
        owner: ownerOf(session),
        anyOwner: reach === undefined,
        defaultLifetimeMs: expiration,
        maxTokens,
        configToken: shown ? { role: CONFIG_TOKEN.role } : null,
        gatewayUrl: services.web.canonical,
      };
    }),

  givable: withPermission("tokens", "create")
    .output(GivableRoles)
    .query(({ ctx: { services, session } }) => {
      const policy = services.policy.current();
      const roles = givableRoles(policy, sessionGrantor(policy, session));
      const models = modelsFor(services.config.current().config, []);
      return { roles, channels: [...policy.channels.keys()], models };
    }),

  ownerUsage: withPermission("tokens", "create")
    .input(OwnerInput)
    .output(OwnerUsage)
    .query(async ({ ctx: { services, session }, input }) => {
      const owner = reachableOwner(session, input.owner);
      const live = await countOwned(services.db, owner, new Date(services.clock.now()));
      return { owner, live, max: settingsOf(services).maxTokens };
    }),

  create: withPermission("tokens", "create", { stepUp: true })
    .input(CreateInput)
    .output(CreatedSecret)
    .mutation(({ ctx: { services, session }, input }) =>
      recordingRefusal(services, session, undefined, async () => {
        const ownerId = reachableOwner(session, input.ownerId);
        const deps = tokenDeps(services);
        return createToken(deps, sessionGrantor(deps.policy, session), { ...input, ownerId });
      }),
    ),

  rotate: withPermission("tokens", "rotate", { stepUp: true })
    .input(RotateInput)
    .output(RotatedSecret)
    .mutation(({ ctx: { services, session }, input }) =>
      recordingRefusal(services, session, input.tokenId, () => {
        const deps = tokenDeps(services);
        return rotateToken(deps, sessionGrantor(deps.policy, session), input, { onlyOwner: reachOf(session) });
      }),
    ),

  revoke: withPermission("tokens", "revoke")
    .input(RevokeInput)
    .output(RevokedOne)
    .mutation(({ ctx: { services, session }, input: { id, reason = DEFAULT_REASON } }) =>
      recordingRefusal(services, session, id, async () => {
        const options = { reason, onlyOwner: reachOf(session) };
        return { id, revoked: await revokeToken(services, session.actor, id, options) };
      }),
    ),

  revokeFamily: withPermission("tokens", "revoke")
    .input(RevokeInput)
    .output(RevokedFamily)
    .mutation(({ ctx: { services, session }, input: { id, reason = DEFAULT_REASON } }) =>
      recordingRefusal(services, session, id, async () => {
        const options = { reason, onlyOwner: reachOf(session) };
        return { id, revoked: await revokeFamily(services, session.actor, id, options) };
      }),
    ),

  revokeMany: withPermission("tokens", "revoke")
    .input(RevokeManyInput)
    .output(RevokedMany)
    .mutation(({ ctx: { services, session }, input: { ids, reason = DEFAULT_REASON } }) =>
      revokeMany(services, session.actor, ids, { reason, onlyOwner: reachOf(session) }),
    ),
});
