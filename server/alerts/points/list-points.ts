/** Contact points as they may be shown: no secret, and what keeps one from working. */
import { EmailSettings, WebhookSettings, type SmtpSettings } from "#server/alerts/points/settings.ts";
import { openPointSecrets } from "#server/alerts/points/secrets.ts";
import { resolvePoint, type PointRow, type ResolveDeps, type ResolvedPoint } from "#server/alerts/points/resolve.ts";
import type { PointView } from "#server/alerts/console-schema.ts";
import type { DeliveryState, WebhookFormat } from "#server/alerts/policy.ts";
import type { Db } from "#server/core/db/client.ts";
import { isAppError } from "#server/core/errors.ts";

export interface PointDeps extends ResolveDeps {
  db: Db;
}

type Row = Awaited<ReturnType<Db["contactPoint"]["findMany"]>>[number];

export async function listPoints(deps: PointDeps, now: Date): Promise<PointView[]> {
  const rows = await deps.db.contactPoint.findMany({ orderBy: [{ source: "desc" }, { name: "asc" }] });
  const last = await deps.db.alertDelivery.findMany({
    where: { pointId: { in: rows.map(({ id }) => id) } },
    distinct: ["pointId"],
    orderBy: [{ pointId: "asc" }, { id: "desc" }],
    select: { pointId: true, createdAt: true, state: true },
  });
  return rows.map((row) => {
    const delivery = last.find(({ pointId }) => pointId === row.id);
    const lastDelivery =
      delivery === undefined ? null : { at: delivery.createdAt, state: delivery.state as DeliveryState };
    return { ...viewOf(deps, row, now), lastDelivery };
  });
}

function viewOf(deps: PointDeps, row: Row, now: Date): Omit<PointView, "lastDelivery"> {
  const { id, name, receivesAll, enabled, disabledReason, version } = row;
  const type = row.type as PointView["type"];
  const source = row.source as PointView["source"];
  const resolved = tryResolve(deps, { ...row, type, source }, now);
  return {
    id,
    name,
    type,
    source,
    receivesAll,
    enabled,
    disabledReason,
    version,
    problem: typeof resolved === "string" ? resolved : null,
    secrets: secretNames(deps, row),
    canShowSecret: type === "webhook" && row.secretShownAt === null,
    rotationEndsAt: row.rotationEndsAt !== null && row.rotationEndsAt > now ? row.rotationEndsAt : null,
    ...shownOf(deps, row, resolved),
  };
}

function tryResolve(deps: PointDeps, row: PointRow, now: Date): ResolvedPoint | string {
  try {
    return resolvePoint(deps, row, now);
  } catch (error) {
    return isAppError(error) ? error.message : "Its settings cannot be read.";
  }
}

function secretNames({ keyring }: PointDeps, { id, secrets }: Row): string[] {
  try {
    return Object.entries(openPointSecrets(keyring, id, secrets))
      .flatMap(([name, value]) => (value === undefined || name === "previous" ? [] : [name]))
      .sort();
  } catch {
    // `problem` says so.
    return [];
  }
}

interface Shown {
  recipients: string[];
  smtp: SmtpSettings | null;
  format: WebhookFormat | null;
  host: string | null;
}

function shownOf(deps: PointDeps, row: Row, resolved: ResolvedPoint | string): Shown {
  const nothing: Shown = { recipients: [], smtp: null, format: null, host: null };
  if (row.source === "file") {
    const { recipients, webhookFormat } = deps.config.current().config.security.monitoring.alerting;
    const host = typeof resolved !== "string" && resolved.type === "webhook" ? hostOf(resolved.url) : null;
    return row.type === "email" ? { ...nothing, recipients } : { ...nothing, format: webhookFormat, host };
  }
  if (row.type === "email") {
    const { recipients = [], smtp = null } = EmailSettings.safeParse(row.settings).data ?? {};
    return { ...nothing, recipients, smtp };
  }
  const { format = null, host = null } = WebhookSettings.safeParse(row.settings).data ?? {};
  return { ...nothing, format, host };
}

/** What may be shown of an address: receivers keep secrets in the rest of it. */
export const hostOf = (url: string): string => URL.parse(url)?.origin ?? "";
