/** tRPC adapter of the caller's own account. */
import {
  ActivityPage,
  ActivityQuery,
  AddPasskey,
  BeginTotp,
  ChangePassword,
  ConfirmTotp,
  EndedSessions,
  PasskeyId,
  PasskeyOptions,
  Passkeys,
  RecoveryCodes,
  RemoveTotp,
  Rename,
  RenamePasskey,
  SessionId,
  SessionSummary,
  StepUp,
  StepUpOptions,
  SteppedUp,
  TotpEnrolment,
  Viewer,
} from "#server/account/schema.ts";
import { z } from "zod";
import { listActivity } from "#server/account/activity.ts";
import {
  addPasskey,
  listPasskeys,
  passkeyRegistrationOptions,
  removePasskey,
  renamePasskey,
} from "#server/account/passkeys.ts";
import { changePassword, rename } from "#server/account/password.ts";
import { regenerateRecoveryCodes } from "#server/account/recovery-codes.ts";
import { endOtherSessions, endOwnSession, listSessions } from "#server/account/sessions.ts";
import { stepUp, stepUpOptions } from "#server/account/step-up.ts";
import { beginTotp, confirmTotp, removeTotp } from "#server/account/totp.ts";
import { readFactors, readViewer } from "#server/account/viewer.ts";
import type { ConsoleContext } from "#server/trpc/context.ts";
import { requireStepUp, withPermission, type SignedIn } from "#server/trpc/procedures.ts";
import { router } from "#server/trpc/init.ts";

const own = () => withPermission("account", "manage_own");
const enrolling = () => withPermission("account", "manage_own", { enrolment: true });
const proven = () => withPermission("account", "manage_own", { stepUp: true });

/** Another session takes the place of the caller's: the browser is told by the answer that is about to leave. */
async function keepSignedIn(ctx: ConsoleContext, sessionId: string | null): Promise<void> {
  if (sessionId !== null) {
    await ctx.replaceSession?.(sessionId);
  }
}

/** Whoever has a second factor proves it before another is added. */
async function proveBeforeAdding(ctx: SignedIn, path: string): Promise<void> {
  const { totp, passkeys } = await readFactors(ctx.services, ctx.session.memberId);
  if (totp || passkeys > 0) {
    await requireStepUp(ctx, path);
  }
}

export const accountRouter = router({
  viewer: enrolling()
    .output(Viewer)
    .query(({ ctx }) => readViewer(ctx)),
  beginTotp: enrolling()
    .input(BeginTotp)
    .output(TotpEnrolment)
    .mutation(async ({ ctx, path, input }) => {
      await proveBeforeAdding(ctx, path);
      return beginTotp(ctx, input);
    }),
  confirmTotp: enrolling()
    .input(ConfirmTotp)
    .output(RecoveryCodes)
    .mutation(async ({ ctx, input }) => {
      const { recoveryCodes, sessionId } = await confirmTotp(ctx, input);
      await keepSignedIn(ctx, sessionId);
      return { recoveryCodes };
    }),
  removeTotp: proven()
    .input(RemoveTotp)
    .output(z.void())
    .mutation(({ ctx, input }) => removeTotp(ctx, input)),
  regenerateRecoveryCodes: proven()
    .output(RecoveryCodes)
    .mutation(({ ctx }) => regenerateRecoveryCodes(ctx)),
  passkeys: enrolling()
    .output(Passkeys)
    .query(({ ctx }) => listPasskeys(ctx)),
  passkeyRegistrationOptions: enrolling()
    .output(PasskeyOptions)
    .mutation(async ({ ctx, path }) => {
      await proveBeforeAdding(ctx, path);
      return { ...(await passkeyRegistrationOptions(ctx)) };
    }),
  addPasskey: enrolling()
    .input(AddPasskey)
    .output(RecoveryCodes)
    .mutation(async ({ ctx, path, input }) => {
      await proveBeforeAdding(ctx, path);
      const { recoveryCodes, sessionId } = await addPasskey(ctx, input);
      await keepSignedIn(ctx, sessionId);
      return { recoveryCodes };
    }),
  renamePasskey: own()
    .input(RenamePasskey)
    .output(z.void())
    .mutation(({ ctx, input }) => renamePasskey(ctx, input)),
  removePasskey: proven()
    .input(PasskeyId)
    .output(z.void())
    .mutation(({ ctx, input }) => removePasskey(ctx, input)),
  changePassword: proven()
    .input(ChangePassword)
    .output(z.void())
    .mutation(({ ctx, input }) => changePassword(ctx, input)),
  rename: own()
    .input(Rename)
    .output(z.void())
    .mutation(({ ctx, input }) => rename(ctx, input)),
  sessions: own()
    .output(z.array(SessionSummary))
    .query(({ ctx }) => listSessions(ctx)),
  endSession: own()
    .input(SessionId)
    .output(z.void())
    .mutation(({ ctx, input }) => endOwnSession(ctx, input)),
  endOtherSessions: own()
    .output(EndedSessions)
    .mutation(({ ctx }) => endOtherSessions(ctx)),
  stepUpOptions: own()
    .output(StepUpOptions)
    .query(({ ctx }) => stepUpOptions(ctx)),
  stepUp: own()
    .input(StepUp)
    .output(SteppedUp)
    .mutation(({ ctx, input }) => stepUp(ctx, input)),
  activity: own()
    .input(ActivityQuery)
    .output(ActivityPage)
    .query(({ ctx, input }) => listActivity(ctx.services.pool, ctx.session.memberId, input)),
});
