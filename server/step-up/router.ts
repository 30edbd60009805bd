/** tRPC adapter of the authenticators of people who write from platforms. */
import { sessionGrantor } from "#server/trpc/grantor.ts";
import { router } from "#server/trpc/init.ts";
import { withPermission, type SignedIn } from "#server/trpc/procedures.ts";
import {
  beginUserFactor,
  confirmUserFactor,
  removeUserFactor,
  userFactorState,
  type EnrolDeps,
} from "#server/step-up/enrol.ts";
import { ConfirmUserFactor, ShownEnrolment, UserFactorOf, UserFactorState } from "#server/step-up/schema.ts";

function call({ services, session }: SignedIn) {
  const { db, clock, userFactorSeal, attempts, refusals } = services;
  const policy = services.policy.current();
  const deps: EnrolDeps = { db, clock, policy, userFactorSeal, attempts, refusals };
  return { deps, grantor: sessionGrantor(policy, session) };
}

export const chatFactorsRouter = router({
  state: withPermission("users", "read")
    .input(UserFactorOf)
    .output(UserFactorState)
    .query(async ({ ctx: { services }, input: { userId } }) => ({
      userId,
      ...(await userFactorState(services.db, userId)),
      commands: [...services.config.current().config.security.authorization.stepUp.commands],
    })),
  begin: withPermission("users", "write", { stepUp: true })
    .input(UserFactorOf)
    .output(ShownEnrolment)
    .mutation(async ({ ctx, input: { userId } }) => {
      const { deps, grantor } = call(ctx);
      const enrolment = await beginUserFactor(deps, grantor, userId);
      const { toDataURL } = await import("qrcode");
      return { ...enrolment, qr: await toDataURL(enrolment.uri, { errorCorrectionLevel: "M", margin: 4, scale: 5 }) };
    }),
  confirm: withPermission("users", "write", { stepUp: true })
    .input(ConfirmUserFactor)
    .output(UserFactorOf)
    .mutation(async ({ ctx, input: { userId, code } }) => {
      const { deps, grantor } = call(ctx);
      await confirmUserFactor(deps, grantor, { userId, code, address: ctx.origin.address });
      return { userId };
    }),
  remove: withPermission("users", "write", { stepUp: true })
    .input(UserFactorOf)
    .output(UserFactorOf)
    .mutation(async ({ ctx, input: { userId } }) => {
      const { deps, grantor } = call(ctx);
      await removeUserFactor(deps, grantor, userId);
      return { userId };
    }),
});
