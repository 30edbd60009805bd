/** Accepts a one-time link: makes the member it was made for, or gives one a new password. */
import { z } from "zod";
import { recordEvents } from "#server/audit/index.ts";
import type { Attempt } from "#server/auth/attempt-limiter.ts";
import { endSessions } from "#server/auth/end-sessions.ts";
import {
  consumeInvitation,
  findInvitation,
  hasMembers,
  lockMembers,
  type Invitation,
} from "#server/auth/invitation.ts";
import { refuseLockedMember } from "#server/auth/member-lock.ts";
import { passwordProblem } from "#server/auth/password-rules.ts";
import { SIGN_IN_REFUSAL, type InputRefusal } from "#server/auth/policy.ts";
import { failed, refuseWhileWaiting, SignInRefusal } from "#server/auth/refusals.ts";
import { EmailAddress, MemberName, SetupCode, type InvitationPreview } from "#server/auth/schema.ts";
import type { AuthServices, CallOrigin } from "#server/auth/services.ts";
import { openSession } from "#server/auth/session.ts";
import { SURFACES } from "#server/auth/surfaces.ts";
import type { Tx } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { randomId } from "#server/core/ids.ts";

const Input = z.object({
  code: SetupCode,
  name: z.string().max(400).optional(),
  email: z.string().max(400).optional(),
  password: z.string().max(2_000),
});

type Open = NonNullable<Invitation>;

/**
 * What the link is for, so that its page can ask for the right things.
 * @throws SignInRefusal for any code that opens nothing, always with the same words; AppError("LOCKED_OUT").
 */
export async function previewInvitation(
  services: AuthServices,
  input: unknown,
  origin: CallOrigin,
): Promise<InvitationPreview> {
  const { email, name, roleName, memberId } = await openInvitation(services, SetupCode.safeParse(input).data, origin);
  return {
    email,
    name,
    role: roleName,
    firstAdmin: email === null,
    purpose: memberId === null ? "member" : "password",
  };
}

/**
 * The id of a new session, in which the second factor is still to be enrolled where the role asks for one.
 * @throws SignInRefusal (LinkInvalid, InputInvalid with field and word, PasswordSet when a new password was set and signing in is next);
 * AppError("LOCKED_OUT"), AppError("BUSY"), AppError("LOCKED").
 */
export async function acceptInvitation(services: AuthServices, input: unknown, origin: CallOrigin): Promise<string> {
  const parsed = Input.safeParse(input);
  const invitation = await openInvitation(services, parsed.data?.code, origin);
  if (!parsed.success) {
    throw inputRefusal("password", "password_long");
  }
  const { name, email, password } = readFields(invitation, parsed.data);
  const problem = passwordProblem(password, [email, name]);
  if (problem !== null) {
    throw inputRefusal("password", problem);
  }
  if (invitation.memberId === null) {
    await refuseLockedMember(services, "new", invitation.roleName, origin);
  }
  const passwordHash = await services.passwords.hash(password);
  const now = new Date(services.clock.now());
  const outcome = await withTx(services.db, async (tx) => {
    await lockMembers(tx);
    if (!(await consumeInvitation(tx, invitation.id, now)) || (invitation.email === null && (await hasMembers(tx)))) {
      return "invalid" as const;
    }
    return invitation.memberId === null
      ? addMember(services, tx, { invitation, name, email, passwordHash }, origin, now)
      : setPassword(tx, invitation.memberId, passwordHash, origin, now);
  });
  if (outcome === "invalid") {
    throw await refuse(services, origin);
  }
  if (outcome === "password_set") {
    throw new SignInRefusal(SIGN_IN_REFUSAL.passwordSet, "The new password is set. Sign in with it.");
  }
  return outcome.session;
}

type Outcome = { session: string } | "password_set" | "invalid";

interface NewMember {
  invitation: Open;
  name: string;
  email: string;
  passwordHash: string;
}

async function addMember(
  services: AuthServices,
  tx: Tx,
  { invitation, name, email, passwordHash }: NewMember,
  origin: CallOrigin,
  now: Date,
): Promise<Outcome> {
  const id = randomId("mem");
  const { count } = await tx.member.createMany({
    data: [{ id, email, name, roleName: invitation.roleName, passwordHash, createdAt: now, lastSignInAt: now }],
    skipDuplicates: true,
  });
  if (count !== 1) {
    // Thrown inside the transaction: the link stays unused.
    throw inputRefusal("email", "email_taken");
  }
  const member = { id, authVersion: 1 };
  const session = await openSession(services, tx, member, { method: "invitation", factorProven: false }, origin, now);
  const by = { actor: { type: "member", id }, address: origin.address, requestId: origin.requestId } as const;
  await recordEvents(tx, [
    {
      event: "member.joined",
      outcome: "ok",
      ...by,
      target: id,
      data: { invitation: invitation.id, invitedBy: invitation.createdBy, role: invitation.roleName, email },
    },
    {
      event: "auth.signed_in",
      outcome: "ok",
      ...by,
      target: session.publicId,
      data: { method: "invitation", userAgent: origin.userAgent?.slice(0, 256) ?? null },
    },
  ]);
  return { session: session.id };
}

/** Opens no session: the second factor, where there is one, is asked for at the sign-in that follows. */
async function setPassword(tx: Tx, id: string, passwordHash: string, origin: CallOrigin, now: Date): Promise<Outcome> {
  const { count } = await tx.member.updateMany({
    where: { id, disabledAt: null },
    data: { passwordHash, authVersion: { increment: 1 } },
  });
  if (count !== 1) {
    return "invalid";
  }
  const actor = { type: "member", id } as const;
  await endSessions(tx, { where: { memberId: id }, actor, reason: "password_changed", now });
  await recordEvents(tx, [
    {
      event: "auth.password_changed",
      outcome: "ok",
      actor,
      target: id,
      address: origin.address,
      requestId: origin.requestId,
      reason: "link",
    },
  ]);
  return "password_set";
}

async function openInvitation(services: AuthServices, code: string | undefined, origin: CallOrigin): Promise<Open> {
  await refuseWhileWaiting(services, attemptFrom(origin), origin, { event: SURFACES.sign_in.rejected });
  const invitation =
    code === undefined ? null : await findInvitation(services.db, code, new Date(services.clock.now()));
  if (invitation === null) {
    throw await refuse(services, origin);
  }
  return invitation;
}

async function refuse(services: AuthServices, origin: CallOrigin): Promise<SignInRefusal> {
  await failed(services, attemptFrom(origin), origin, { event: SURFACES.sign_in.rejected }, "link_invalid");
  return new SignInRefusal(
    SIGN_IN_REFUSAL.invalid,
    "This link is not valid: it is wrong, expired or was already used. Ask for a new one.",
  );
}

// The code names no account: an address that guesses waits, with the right code too.
const attemptFrom = ({ address }: CallOrigin): Attempt => ({
  kind: SURFACES.sign_in.credential,
  address,
  account: null,
});

/** Address and name: as the invitation says, where it says so. @throws SignInRefusal that names the field. */
function readFields(
  invitation: Open,
  typed: z.output<typeof Input>,
): { name: string; email: string; password: string } {
  const email = EmailAddress.safeParse(invitation.email ?? typed.email ?? "");
  if (!email.success) {
    throw inputRefusal("email", "email_invalid");
  }
  const fallback = invitation.name ?? email.data.split("@")[0];
  const isNamed = invitation.memberId === null && typed.name !== undefined && typed.name.trim() !== "";
  const name = MemberName.safeParse(isNamed ? typed.name : fallback);
  if (!name.success) {
    throw inputRefusal("name", "name_invalid");
  }
  return { name: name.data, email: email.data, password: typed.password };
}

const inputRefusal = (field: string, word: InputRefusal): SignInRefusal =>
  new SignInRefusal(`${SIGN_IN_REFUSAL.input}:${field}:${word}`, `The ${field} cannot be used: ${word}.`);
