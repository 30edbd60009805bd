/** From a contact point's row to what sends: secrets opened, what the configuration file holds filled in. At the moment of use. */
import { readFileSync } from "node:fs";
import { EmailSettings, SMTP_PORTS, WebhookSettings } from "#server/alerts/points/settings.ts";
import { openPointSecrets, type PointSecrets } from "#server/alerts/points/secrets.ts";
import type { PointType, SmtpSecurity, WebhookFormat } from "#server/alerts/policy.ts";
import type { Config } from "#server/config/schema.ts";
import { resolveLocation, type ConfigStore } from "#server/config/index.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { standardKey } from "#server/core/crypto/standard-webhooks.ts";
import { AppError, messageOf } from "#server/core/errors.ts";
import type { HomePaths } from "#server/core/paths.ts";

export interface PointRow {
  id: string;
  name: string;
  type: PointType;
  source: "file" | "database";
  settings: unknown;
  secrets: Uint8Array;
  rotationEndsAt: Date | null;
  enabled: boolean;
}

export interface MailServer {
  host: string;
  port: number;
  secure: SmtpSecurity;
  user: string | null;
  password: string | null;
  from: string;
  /** PEM; null = the public authorities. */
  ca: string | null;
}

export interface MailPoint {
  type: "email";
  recipients: string[];
  server: MailServer;
}
export interface WebhookPoint {
  type: "webhook";
  format: WebhookFormat;
  url: string;
  /** The current one first. */
  keys: Buffer[];
  routingKey: string | null;
}

/** `known`: secrets that must not stand in a log of deliveries. `isFile`: the file may name addresses of the own network. */
export type ResolvedPoint = (MailPoint | WebhookPoint) & { isFile: boolean; known: string[] };

export interface ResolveDeps {
  config: Pick<ConfigStore, "current" | "secret">;
  keyring: Keyring;
  paths: Pick<HomePaths, "home">;
}

export const ALERTING_PATH = "security.monitoring.alerting";

/** @throws AppError NOT_CONFIGURED with what is missing, CANNOT_DECRYPT */
export function resolvePoint(deps: ResolveDeps, row: PointRow, now: Date): ResolvedPoint {
  const secrets = openPointSecrets(deps.keyring, row.id, row.secrets);
  const isFile = row.source === "file";
  const point = row.type === "email" ? mailPoint(deps, row, secrets) : webhookPoint(deps, row, secrets, now);
  const known = [
    ...Object.values(secrets),
    ...(point.type === "email" ? [point.server.password ?? ""] : [point.url, ...secretParts(point.url)]),
  ].filter((text) => text.length >= 6);
  return { ...point, isFile, known };
}

/** Parts of an address that receivers keep secrets in. */
function secretParts(url: string): string[] {
  const parsed = URL.parse(url);
  return parsed === null
    ? []
    : [`${parsed.pathname}${parsed.search}`, ...parsed.pathname.split("/")].filter((part) => part.length >= 12);
}

function mailPoint(deps: ResolveDeps, row: PointRow, { password }: PointSecrets): MailPoint {
  if (row.source === "file") {
    const { recipients } = deps.config.current().config.security.monitoring.alerting;
    return { type: "email", recipients: [...new Set(recipients)], server: fileMailServer(deps) };
  }
  const { recipients, smtp } = EmailSettings.parse(row.settings);
  const server = smtp === null ? fileMailServer(deps) : { ...smtp, password: password ?? null, ca: null };
  return { type: "email", recipients, server };
}

function fileMailServer({ config, paths }: ResolveDeps): MailServer {
  const { smtp } = config.current().config.security.monitoring.alerting;
  if (smtp === undefined) {
    throw new AppError(
      "NOT_CONFIGURED",
      `No mail can be sent: ${ALERTING_PATH}.smtp is not set. Write { host, user, password, from } there.`,
    );
  }
  const { host, secure, port = SMTP_PORTS[secure], user, password, from, ca } = smtp;
  const path = `${ALERTING_PATH}.smtp`;
  return {
    host: host.replace(/^\[|\]$/g, ""),
    port,
    secure,
    from,
    user: user === undefined ? null : config.secret(`${path}.user`, user),
    password: password === undefined ? null : config.secret(`${path}.password`, password),
    ca: ca === undefined ? null : readAuthorities(resolveLocation(`${path}.ca`, ca, paths)),
  };
}

function readAuthorities(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new AppError("NOT_CONFIGURED", `${ALERTING_PATH}.smtp.ca cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function webhookPoint(
  { config }: ResolveDeps,
  row: PointRow,
  { url, secret, previous, routingKey }: PointSecrets,
  now: Date,
): WebhookPoint {
  const isRotating = row.rotationEndsAt !== null && now < row.rotationEndsAt;
  const used = [secret, ...(isRotating ? [previous] : [])].filter((one) => one !== undefined);
  const keys = used.map((one) => standardKey(one, "The secret of the contact point"));
  if (row.source === "file") {
    const { alerting } = config.current().config.security.monitoring;
    return { type: "webhook", format: alerting.webhookFormat, url: fileUrl(config, alerting), keys, routingKey: null };
  }
  const { format } = WebhookSettings.parse(row.settings);
  if (url === undefined) {
    throw new AppError("NOT_CONFIGURED", `The contact point "${row.name}" has no address.`);
  }
  return { type: "webhook", format, url, keys, routingKey: routingKey ?? null };
}

/** The file's receiver. @throws AppError NOT_CONFIGURED */
function fileUrl(
  config: Pick<ConfigStore, "secret">,
  { webhookUrl }: Config["security"]["monitoring"]["alerting"],
): string {
  if (webhookUrl === undefined) {
    throw new AppError("NOT_CONFIGURED", `${ALERTING_PATH}.webhookUrl is not set.`);
  }
  return config.secret(`${ALERTING_PATH}.webhookUrl`, webhookUrl);
}
