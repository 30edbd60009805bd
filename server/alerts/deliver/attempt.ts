/** One attempt at one notification, whatever way it goes. Never throws for what the receiver does. */
import type { Pool } from "pg";
import { ATTEMPT_MS, type ClaimedDelivery } from "#server/alerts/deliver/claim.ts";
import type { Mailer } from "#server/alerts/deliver/mailer.ts";
import { cleanResponse, type Outcome } from "#server/alerts/deliver/outcome.ts";
import { sendMail } from "#server/alerts/deliver/send-mail.ts";
import { sendWebhook } from "#server/alerts/deliver/send-webhook.ts";
import type { Attempted } from "#server/alerts/deliver/settle.ts";
import { Notification } from "#server/alerts/notification.ts";
import { resolvePoint, type PointRow, type ResolveDeps, type ResolvedPoint } from "#server/alerts/points/resolve.ts";
import { isAppError, messageOf } from "#server/core/errors.ts";
import { openOutgoing, type Outgoing } from "#server/core/net/outgoing.ts";
import { privateAllowance, type AllowsPrivate } from "#server/core/net/outbound-policy.ts";

export interface AttemptDeps extends ResolveDeps {
  pool: Pool;
  ways: Ways;
}

/** Connections to receivers. Those that the file names may be in the own network without being listed; the console's may not. */
export interface Ways {
  mailer: Mailer;
  file: Outgoing;
  listed: Outgoing;
  allowsFile: AllowsPrivate;
  allowsListed: AllowsPrivate;
  close(): Promise<void>;
}

export function openWays(mailer: Mailer, config: ResolveDeps["config"]): Ways {
  const entries = (): readonly string[] => config.current().config.security.outbound.allowedPrivate;
  const allowsListed: AllowsPrivate = (...asked) => privateAllowance(entries(), [])(...asked);
  const allowsFile: AllowsPrivate = (...asked) => privateAllowance(entries(), fileUrls(config))(...asked);
  const file = openOutgoing({ allowsPrivate: allowsFile });
  const listed = openOutgoing({ allowsPrivate: allowsListed });
  return {
    mailer,
    file,
    listed,
    allowsFile,
    allowsListed,
    async close() {
      mailer.close();
      await Promise.all([file.close(), listed.close()]);
    },
  };
}

function fileUrls(config: ResolveDeps["config"]): string[] {
  const { webhookUrl, smtp } = config.current().config.security.monitoring.alerting;
  const host = smtp?.host.includes(":") === true && !smtp.host.startsWith("[") ? `[${smtp.host}]` : smtp?.host;
  const ports = smtp === undefined ? [] : smtp.port === undefined ? [25, 465, 587] : [smtp.port];
  return [
    ...(webhookUrl === undefined ? [] : [config.secret("security.monitoring.alerting.webhookUrl", webhookUrl)]),
    ...ports.map((port) => `http://${host ?? ""}:${port}`),
  ];
}

export async function attempt(deps: AttemptDeps, claimed: ClaimedDelivery): Promise<Attempted> {
  const at = new Date();
  const outcome = await tryTo(deps, claimed, at);
  return { at, durationMs: Math.max(0, Date.now() - at.getTime()), outcome };
}

async function tryTo(deps: AttemptDeps, claimed: ClaimedDelivery, now: Date): Promise<Attempted["outcome"]> {
  const content = Notification.safeParse(claimed.content).data;
  const row = await readPoint(deps.pool, claimed.pointId);
  if (row === null || content === undefined) {
    return refused("point_removed", "The contact point was removed.");
  }
  // A test says whether the point would work, also one that is off.
  if (!row.enabled && claimed.kind === "alerts") {
    return refused("point_off", "The contact point is switched off.");
  }
  let point: ResolvedPoint;
  try {
    point = resolvePoint(deps, row, now);
  } catch (error) {
    const code = isAppError(error) && error.code === "CANNOT_DECRYPT" ? "cannot_decrypt" : "not_configured";
    return refused(code, isAppError(error) ? error.message : "Its settings cannot be read.");
  }
  const outcome = await sendOver(deps.ways, point, claimed, content).catch(failed);
  return { ...outcome, response: cleanResponse(outcome.response, point.known) };
}

function sendOver(
  { mailer, file, listed, allowsFile, allowsListed }: Ways,
  point: ResolvedPoint,
  { id, settled }: ClaimedDelivery,
  content: Notification,
): Promise<Outcome> {
  return point.type === "email"
    ? sendMail(mailer, point, { id, content, settled, timeoutMs: ATTEMPT_MS }, point.isFile ? allowsFile : allowsListed)
    : sendWebhook((point.isFile ? file : listed).dispatcher, point, {
        id,
        content,
        now: Date.now(),
        timeoutMs: ATTEMPT_MS,
      });
}

const NOTHING = { status: null, retryAfterMs: null, settled: [] };

const refused = (reason: string, response: string): Attempted["outcome"] => ({
  ...NOTHING,
  result: "refused",
  reason,
  response,
});

const failed = (error: unknown): Outcome => ({ ...NOTHING, result: "again", reason: null, response: messageOf(error) });

async function readPoint(pool: Pool, id: string): Promise<PointRow | null> {
  const { rows } = await pool.query<PointRow>(
    `SELECT id, name, type, source, settings, secrets, rotation_ends_at AS "rotationEndsAt", enabled FROM contact_point WHERE id = $1`,
    [id],
  );
  return rows[0] ?? null;
}
