/** What every event means, by area. Long texts: for the documentation, its tests and what the server says about a row, never for the browser. */
import type { AuditEventName } from "#server/audit/events.ts";
import { ALERTS } from "#server/audit/catalogue/alerts.ts";
import { ANOMALIES } from "#server/audit/catalogue/anomalies.ts";
import { CHANNELS } from "#server/audit/catalogue/channels.ts";
import { FILES } from "#server/audit/catalogue/files.ts";
import { INCIDENTS } from "#server/audit/catalogue/incidents.ts";
import { MEMBERS } from "#server/audit/catalogue/members.ts";
import { MESSAGES } from "#server/audit/catalogue/messages.ts";
import { NETWORK } from "#server/audit/catalogue/network.ts";
import { POLICY } from "#server/audit/catalogue/policy.ts";
import { RECORDS } from "#server/audit/catalogue/records.ts";
import { RUNS } from "#server/audit/catalogue/runs.ts";
import { SCANS } from "#server/audit/catalogue/scans.ts";
import { SENDERS } from "#server/audit/catalogue/senders.ts";
import { SIGN_IN } from "#server/audit/catalogue/sign-in.ts";
import { SYSTEM } from "#server/audit/catalogue/system.ts";
import type { EventText } from "#server/audit/catalogue/text.ts";
import { UPKEEP } from "#server/audit/catalogue/upkeep.ts";
import { TOKENS } from "#server/audit/catalogue/tokens.ts";

/** In the order of the document. */
export const AREAS: Readonly<Record<string, Readonly<Record<string, EventText>>>> = {
  "Signing in": SIGN_IN,
  "Members of the console": MEMBERS,
  Tokens: TOKENS,
  "Messages and decisions": MESSAGES,
  "Senders of messaging platforms": SENDERS,
  "Messaging channels": CHANNELS,
  "Policy changes": POLICY,
  "Incidents and locks": INCIDENTS,
  "Runs and the sandbox": RUNS,
  Files: FILES,
  Anomalies: ANOMALIES,
  "Network, TLS and limits": NETWORK,
  "Configuration and processes": SYSTEM,
  "The record, keys, data and backups": RECORDS,
  "Keys of outside services and upkeep": UPKEEP,
  Alerts: ALERTS,
  "Security scans": SCANS,
};

/** Complete: an event without its text is an error of types. */
export const EVENT_TEXTS = {
  ...SIGN_IN,
  ...MEMBERS,
  ...TOKENS,
  ...MESSAGES,
  ...SENDERS,
  ...CHANNELS,
  ...POLICY,
  ...INCIDENTS,
  ...RUNS,
  ...FILES,
  ...ANOMALIES,
  ...NETWORK,
  ...SYSTEM,
  ...RECORDS,
  ...UPKEEP,
  ...ALERTS,
  ...SCANS,
} as const satisfies Record<AuditEventName, EventText>;
