/** What an event tells, in one sentence with its names in it. Pure. Events without one are told by their meaning in the catalogue. */
import type { AuditEventName } from "#server/audit/events.ts";
import { dataText, timesOf, whoOf } from "#server/audit/describe/parts.ts";
import { reasonText } from "#server/audit/describe/reasons.ts";
import type { AuditEntry } from "#server/audit/reading/query.ts";

type Sentence = (entry: AuditEntry) => string;

/** What somebody wanted: a command, a permission, a procedure of the console or a request. */
function wanted(entry: AuditEntry): string {
  const command = dataText(entry, "command");
  return command === null ? quoted(entry.target, "the request") : `the command /${command}`;
}

const quoted = (name: string | null | undefined, otherwise: string): string =>
  name === null || name === undefined ? otherwise : `“${name}”`;

const onChannel = ({ channel }: AuditEntry): string => (channel === undefined ? "" : ` on ${channel}`);
const from = ({ address }: AuditEntry): string => (address === undefined ? "" : ` from ${address}`);

const runOf = ({ target }: AuditEntry): string => (target === undefined ? "A run" : `Run ${target}`);
const theRun = ({ target }: AuditEntry): string => (target === undefined ? "a run" : `run ${target}`);

/** Who called a model: a run names itself, everybody else is somebody. */
const callerOf = (entry: AuditEntry): string => (entry.actorType === "system" ? runOf(entry) : whoOf(entry));

/** `: because …`, or nothing. */
function why(entry: AuditEntry): string {
  const reason = reasonText(entry);
  return reason === null ? "" : `: ${reason}`;
}

const did =
  (deed: string): Sentence =>
  (entry) =>
    `${whoOf(entry)} ${deed} ${quoted(entry.target, "it")}`;
const runDid =
  (deed: string): Sentence =>
  (entry) =>
    `${runOf(entry)} ${deed}${why(entry)}`;

const COMPLETE: Partial<Record<AuditEventName, Sentence>> = {
  "access.denied": (entry) => `${whoOf(entry)} was refused ${wanted(entry)}${onChannel(entry)}${why(entry)}`,
  "message.received": (entry) => `${whoOf(entry)} was let through with ${wanted(entry)}${onChannel(entry)}`,
  "message.replied": (entry) => `${whoOf(entry)} got an answer${onChannel(entry)}`,
  "message.refused": (entry) =>
    `${whoOf(entry)} asked for ${wanted(entry)}${onChannel(entry)}, which is not possible${why(entry)}`,
  "limit.exceeded": (entry) => `${whoOf(entry)} was slowed down at ${wanted(entry)}${onChannel(entry)}${why(entry)}`,
  "auth.token_rejected": (entry) => `A token${from(entry)} was rejected${why(entry)}`,
  "auth.session_rejected": (entry) => `A call of the console${from(entry)} was rejected${why(entry)}`,
  "auth.console_link_rejected": (entry) => `A one-time link${from(entry)} was rejected${why(entry)}`,
  "auth.console_link_created": (entry) => `${whoOf(entry)} made a one-time link to the console`,
  "auth.signed_in": (entry) => `${whoOf(entry)} signed in${from(entry)}`,
  "auth.sign_in_failed": (entry) => `A sign-in${from(entry)} failed${why(entry)}`,
  "auth.console_session_ended": (entry) => `${whoOf(entry)} signed out`,
  "network.address_refused": (entry) => `A connection${from(entry)} was refused${why(entry)}`,
  "network.origin_refused": (entry) => `A request${from(entry)} was refused${why(entry)}`,
  "policy.explained": (entry) => `${whoOf(entry)} asked what the policy says to ${wanted(entry)}${onChannel(entry)}`,
  "token.created": (entry) =>
    `${whoOf(entry)} made the token ${quoted(dataText(entry, "name") ?? entry.target, "itself")} with role ${quoted(dataText(entry, "role"), "none")}`,
  "token.rotated": did("replaced the token"),
  "token.refreshed": did("exchanged the token"),
  "token.revoked": did("revoked the token"),
  "token.refused": (entry) => `${whoOf(entry)} was refused a change of tokens${why(entry)}`,
  "role.changed": did("changed the role"),
  "role.deleted": did("deleted the role"),
  "user.changed": did("changed the user"),
  "user.deleted": did("deleted the user"),
  "channel.changed": did("changed the channel"),
  "channel.deleted": did("deleted the channel"),
  "run.queued": (entry) =>
    `${whoOf(entry)} started ${theRun(entry)} (${dataText(entry, "language") ?? "code"})${onChannel(entry)}`,
  "run.started": runDid("was taken by a worker"),
  "run.ended": (entry) => `${runOf(entry)} ended (${dataText(entry, "state") ?? entry.outcome})${why(entry)}`,
  "run.refused": runDid("could not be carried out"),
  "run.cancel_requested": (entry) => `${whoOf(entry)} stopped ${theRun(entry)}`,
  "run.requeued": runDid("is done once more"),
  "run.call_refused": runDid("made a call that was refused"),
  "sandbox.limit_hit": runDid("was ended by a limit"),
  "sandbox.escape_attempt": runDid("tried to leave its container"),
  "sandbox.escape_suspected": runDid("may have tried to leave its container"),
  "model.accepted": (entry) => `${callerOf(entry)} is answered by ${dataText(entry, "model") ?? "a model"}`,
  "model.called": (entry) => `${callerOf(entry)} called ${dataText(entry, "model") ?? "a model"}`,
  "model.refused": (entry) => `${callerOf(entry)} was refused ${dataText(entry, "model") ?? "a model"}${why(entry)}`,
  "egress.allowed": (entry) => `${runOf(entry)} was let through to ${dataText(entry, "host") ?? "a host"}`,
  "egress.refused": (entry) =>
    `${runOf(entry)} was not let through to ${dataText(entry, "host") ?? "a host"}${why(entry)}`,
  "file.accessed": (entry) =>
    `${whoOf(entry)} may ${dataText(entry, "operation") ?? "use"} ${quoted(dataText(entry, "path") ?? entry.target, "a file")}`,
  "file.refused": (entry) =>
    `${whoOf(entry)} was refused ${quoted(dataText(entry, "path") ?? entry.target, "a file")}${why(entry)}`,
  "file.quarantined": (entry) =>
    `The file ${quoted(dataText(entry, "name") ?? entry.target, "itself")} was taken out of circulation`,
  "audit.read": (entry) => `${whoOf(entry)} read the record`,
  "audit.exported": (entry) =>
    `${whoOf(entry)} exported the record as ${dataText(entry, "format") ?? "a file"} (${entry.reason ?? "started"})`,
  "backup.created": did("made the backup"),
  "backup.restored": did("restored the backup"),
};

/** Null when no sentence was written for this event. */
export function sentenceOf(entry: AuditEntry): string | null {
  const sentence = Object.hasOwn(COMPLETE, entry.event) ? COMPLETE[entry.event as AuditEventName] : undefined;
  const text = sentence?.(entry);
  return text === undefined ? null : `${text}${timesOf(entry)}.`;
}
