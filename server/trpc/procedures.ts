/** The only way to a procedure: name the permission it needs. The mark is in the procedure's meta, where a test finds any that lacks it. */
import { onOccasion } from "#server/audit/index.ts";
import { can, type Permission } from "#server/access/permissions.ts";
import { AppError } from "#server/core/errors.ts";
import { baseProcedure } from "#server/trpc/init.ts";

type Resource = Permission extends `${infer Name}:${string}` ? Name : never;
type ActionOn<R extends Resource> =
  Extract<Permission, `${R}:${string}`> extends `${R}:${infer Action}` ? Action : never;

/** A procedure for signed-in callers who hold `resource:action`. A refusal is on the record before it is answered. */
export function withPermission<R extends Resource>(resource: R, action: ActionOn<R>) {
  const permission = `${resource}:${action}`;
  return baseProcedure.meta({ permission }).use(async ({ ctx, path, next }) => {
    const { session, services, origin } = ctx;
    if (session === null) {
      await services.refusals.record(`no_session|${origin.address}`, {
        event: "auth.session_rejected",
        outcome: "denied",
        actor: { type: "anonymous", id: origin.address },
        address: origin.address,
        requestId: origin.requestId,
        target: path,
        reason: "no_session",
      });
      throw new AppError(
        "UNAUTHENTICATED",
        "No console session, or it has ended. Sign in with a new link: `openclaw console link`.",
      );
    }
    if (!can(session.permissions, permission)) {
      await services.refusals.record(`access.denied|${session.actor.id}|${permission}`, {
        event: "access.denied",
        outcome: "denied",
        actor: session.actor,
        address: origin.address,
        requestId: origin.requestId,
        target: path,
        reason: "permission_missing",
        because: permission,
      });
      throw new AppError("FORBIDDEN", `Your role lacks the permission "${permission}". Ask an administrator for it.`);
    }
    return onOccasion({ requestId: origin.requestId, address: origin.address }, () =>
      next({ ctx: { ...ctx, session } }),
    );
  });
}
