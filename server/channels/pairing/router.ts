/** tRPC adapter of pairing. */
import { changePolicy, provisioned } from "#server/access/index.ts";
import { approvePairing, refusePairing } from "#server/channels/pairing/approve.ts";
import { listIdentities, listPairings, removeIdentity, rolesToGive } from "#server/channels/pairing/identities.ts";
import {
  ApprovePairing,
  IdentityPage,
  IdentityQuery,
  Paired,
  PairingList,
  PairingQuery,
  RefusedPairing,
  RefusePairing,
  RemovedIdentity,
  RemoveIdentity,
} from "#server/channels/pairing/schema.ts";
import { sessionGrantor } from "#server/trpc/grantor.ts";
import { router } from "#server/trpc/init.ts";
import { withPermission, type SignedIn } from "#server/trpc/procedures.ts";

const approver = ({ services, session, origin }: SignedIn) => ({
  grantor: sessionGrantor(services.policy.current(), session),
  address: origin.address,
});

export const pairingRouter = router({
  list: withPermission("users", "read")
    .input(PairingQuery)
    .output(PairingList)
    .query(async ({ ctx, input }) => ({
      ...(await listPairings(ctx.services, input)),
      roles: rolesToGive(ctx.services.policy.current(), approver(ctx).grantor),
      provisioned: provisioned(ctx.services, "users"),
    })),
  approve: withPermission("users", "write", { stepUp: true })
    .input(ApprovePairing)
    .output(Paired)
    .mutation(({ ctx, input }) =>
      changePolicy(ctx.services, async (edit) => {
        const { pepper, attempts, refusals, identities } = ctx.services;
        const paired = await approvePairing({ ...edit, pepper, attempts, refusals }, approver(ctx), input);
        await identities.reload();
        return paired;
      }),
    ),
  refuse: withPermission("users", "write")
    .input(RefusePairing)
    .output(RefusedPairing)
    .mutation(({ ctx, input }) =>
      changePolicy(ctx.services, (edit) => {
        const { pepper, attempts, refusals } = ctx.services;
        return refusePairing({ ...edit, pepper, attempts, refusals }, approver(ctx), input);
      }),
    ),
  identities: withPermission("users", "read")
    .input(IdentityQuery)
    .output(IdentityPage)
    .query(({ ctx, input }) => listIdentities(ctx.services.db, input)),
  removeIdentity: withPermission("users", "write", { stepUp: true })
    .input(RemoveIdentity)
    .output(RemovedIdentity)
    .mutation(({ ctx, input }) =>
      changePolicy(ctx.services, async (edit) => {
        const removed = await removeIdentity(edit, approver(ctx).grantor, input);
        await ctx.services.identities.reload();
        return removed;
      }),
    ),
});
