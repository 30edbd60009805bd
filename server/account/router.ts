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
import { AppError } from "#server/core/errors.ts";
import { withPermission } from "#server/trpc/procedures.ts";
import { router } from "#server/trpc/init.ts";

const own = () => withPermission("account", "manage_own");
const enrolling = () => withPermission("account", "manage_own", { enrolment: true });
const proven = () => withPermission("account", "manage_own", { stepUp: true });

const notYet = (): never => {
  throw new AppError("NOT_CONFIGURED", "Members cannot sign in yet.");
};

export const accountRouter = router({
  viewer: enrolling()
    .output(Viewer)
    .query(({ ctx: { session } }) => ({
      memberId: session.memberId,
      name: session.name,
      email: null,
      role: session.role,
      permissions: [...session.permissions],
      secondFactor: session.secondFactor,
      mfaRequired: false,
      factors: { totp: false, passkeys: 0, recoveryCodesLeft: 0 },
      steppedUpUntil: session.steppedUpUntil,
      expiresAt: session.expiresAt,
    })),
  beginTotp: enrolling().input(BeginTotp).output(TotpEnrolment).mutation(notYet),
  confirmTotp: enrolling().input(ConfirmTotp).output(RecoveryCodes).mutation(notYet),
  removeTotp: proven().input(RemoveTotp).output(z.void()).mutation(notYet),
  regenerateRecoveryCodes: proven().output(RecoveryCodes).mutation(notYet),
  passkeys: own().output(Passkeys).query(notYet),
  passkeyRegistrationOptions: enrolling().output(PasskeyOptions).mutation(notYet),
  addPasskey: enrolling().input(AddPasskey).output(z.void()).mutation(notYet),
  renamePasskey: own().input(RenamePasskey).output(z.void()).mutation(notYet),
  removePasskey: proven().input(PasskeyId).output(z.void()).mutation(notYet),
  changePassword: proven().input(ChangePassword).output(z.void()).mutation(notYet),
  rename: own().input(Rename).output(z.void()).mutation(notYet),
  sessions: own().output(z.array(SessionSummary)).query(notYet),
  endSession: own().input(SessionId).output(z.void()).mutation(notYet),
  endOtherSessions: own().output(EndedSessions).mutation(notYet),
  stepUpOptions: own().output(StepUpOptions).query(notYet),
  stepUp: own().input(StepUp).output(SteppedUp).mutation(notYet),
  activity: own().input(ActivityQuery).output(ActivityPage).query(notYet),
});
