/** The only way to a procedure: name the permission it needs. The mark is in the procedure's meta, where a test finds any that lacks it. */
import { onOccasion, type AuditEventName } from "#server/audit/index.ts";
import { can, OWN_ACCOUNT, type Permission } from "#server/access/permissions.ts";
import { refuseLockedSession } from "#server/auth/index.ts";
import type { ConsoleSession } from "#server/auth/session.ts";
import { AppError, isAppError } from "#server/core/errors.ts";
import type { ConsoleContext } from "#server/trpc/context.ts";
import { baseProcedure } from "#server/trpc/init.ts";

type ConsolePermission = Permission | typeof OWN_ACCOUNT;
type Resource = ConsolePermission extends `${infer Name}:${string}` ? Name : never;
type ActionOn<R extends Resource> =
  Extract<ConsolePermission, `${R}:${string}`> extends `${R}:${infer Action}` ? Action : never;

/** What a procedure's own code is handed: the caller is known. */
export type SignedIn = ConsoleContext & { session: ConsoleSession };

interface ProcedureOptions {
  /** Ask for a proof of identity that is not older than ten minutes. */
  stepUp?: boolean;
  /** Also for a session whose second factor is still to be enrolled. */
  enrolment?: boolean;
}

/** A procedure for signed-in callers who hold `resource:action`. A refusal is on the record before it is answered. */
export function withPermission<R extends Resource>(
  resource: R,
  action: ActionOn<R>,
  { stepUp = false, enrolment = false }: ProcedureOptions = {},
) {
  const permission = `${resource}:${action}`;
  return baseProcedure.meta({ permission, stepUp, enrolment }).use(async ({ ctx, path, next }) => {
    const { session, origin } = ctx;
    if (session === null) {
      await refuse(ctx, path, "auth.session_rejected", "no_session");
      throw new AppError("UNAUTHENTICATED", "No console session, or it has ended. Sign in again.");
    }
    await refuseLockedSession(ctx.services, session, origin, path);
    if (session.secondFactor === "missing" && !enrolment) {
      await refuse(ctx, path, "access.denied", "second_factor_missing", permission);
      throw new AppError("MFA_REQUIRED", "Your role asks for a second factor. Enrol one under /enrol, then go on.");
    }
    if (!isAllowed(session, permission)) {
      await refuse(ctx, path, "access.denied", "permission_missing", permission);
      throw new AppError("FORBIDDEN", `Your role lacks the permission "${permission}". Ask an administrator for it.`);
    }
    if (stepUp) {
      await requireStepUp({ ...ctx, session }, path, permission);
    }
    const result = await onOccasion({ requestId: origin.requestId, address: origin.address }, () =>
      next({ ctx: { ...ctx, session, permission } }),
    );
    const reason = result.ok || RECORDED_BY_THEMSELVES.has(path) ? undefined : refusedGrant(result.error.cause);
    if (reason !== undefined) {
      await refuse(ctx, path, "access.denied", reason, permission);
    }
    return result;
  });
}

/** Procedures whose use cases record a grant that they refuse, under what it was about. */
const RECORDED_BY_THEMSELVES: ReadonlySet<string> = new Set(["tokens.create", "tokens.rotate", "pairing.approve"]);

/** Who may do such things, but not this one. */
const REFUSED_GRANTS = ["beyond_grant", "own_account", "own_binding"];

const refusedGrant = (error: unknown): string | undefined =>
  REFUSED_GRANTS.find((reason) => isAppError(error) && error.details?.["reason"] === reason);

/** @throws AppError("STEP_UP_REQUIRED") when the caller has not proven lately who they are; that is on record. */
export async function requireStepUp(ctx: SignedIn, path: string, permission?: string): Promise<void> {
  const { steppedUpUntil } = ctx.session;
  if (steppedUpUntil === null || steppedUpUntil.getTime() <= ctx.services.clock.now()) {
    await refuse(ctx, path, "access.denied", "step_up_missing", permission);
    throw new AppError("STEP_UP_REQUIRED", "Confirm that it is you, then repeat this.");
  }
}

const isAllowed = (session: ConsoleSession, permission: string): boolean =>
  permission === OWN_ACCOUNT || can(session.permissions, permission);

async function refuse(
  { session, services, origin }: ConsoleContext,
  path: string,
  event: AuditEventName,
  reason: string,
  permission?: string,
): Promise<void> {
  const actor = session?.actor ?? { type: "anonymous" as const, id: origin.address };
  await services.refusals.record(`${event}|${actor.id}|${permission ?? ""}|${reason}`, {
    event,
    outcome: "denied",
    actor,
    address: origin.address,
    requestId: origin.requestId,
    target: path,
    reason,
    because: permission,
  });
}
