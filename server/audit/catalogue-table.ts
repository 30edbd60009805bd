/** The event catalogue as a document, `docs/audit-events.md`. */
import { AREAS } from "#server/audit/catalogue/index.ts";
import type { EventText } from "#server/audit/catalogue/text.ts";
import { AUDIT_EVENTS, isAuditEvent } from "#server/audit/events.ts";
import { AUDIT_CLASSES, AUDIT_KINDS, SECURITY_KINDS, type AuditClass } from "#server/audit/schema.ts";

const INTRODUCTION = `# Audit events

Every name the audit record can hold. The **code** is stable and never reused, so that SIEM rules can rely on it; its last letter is the severity.
The **kind** is what \`logging.audit.events\` and \`logging.security.events\` list. Kinds \`authentication\`, \`authentication_failure\` and
\`config_changes\` are always recorded; all events of class \`management\` are of these kinds, so no change of the configuration can hide itself.

Read the record with \`openclaw logs audit --last 24h\` or \`openclaw logs filter --event NAME\`, where NAME is an event, a kind, or the
beginning of either. Check it with \`openclaw security verify-audit\`.

This file is generated from \`server/audit/events.ts\` and \`server/audit/catalogue/\`; \`npx vitest run server/audit/catalogue-table.test.ts -u\`
writes it anew.

## Members of every event

| Member | Content |
|---|---|
| \`seq\` | Place in the record, from 1 without gaps |
| \`at\` | When it happened (ISO 8601, UTC, milliseconds) |
| \`event\`, \`code\`, \`kind\`, \`severity\` | As listed below. Severities rise: \`info\`, \`warn\`, \`error\`, \`critical\` |
| \`outcome\` | \`ok\`, \`denied\` or \`failed\` |
| \`actorType\`, \`actorId\` | Who did it: a \`token\`, a \`member\` of the console, the \`operator\`, the \`system\`, a \`worker\`, or \`anonymous\` with the address |
| \`tokenId\` | The token that carried the request; its secret is nowhere in the record |
| \`userId\`, \`channel\` | The end user and the channel of a message |
| \`address\` | Where the request came from, trusted proxies taken into account |
| \`requestId\` | The request, as in the header X-Request-Id of its answer; a call of the console; a command of the command line (\`cmd_…\`) |
| \`correlationId\` | Joins all events that one request caused, also later and in other processes: it is the id of that request |
| \`target\` | What was acted on; see each event |
| \`reason\` | Code of the decision or the cause |
| \`because\` | The configuration path or the rule that decided |
| \`data\` | Further members; see each event. Integers, texts, booleans, null, and lists and objects of them. Any member can be missing |
`;

const CLASSES: Record<AuditClass, string> = {
  management: "somebody changed what the gateway is or does; always recorded",
  authentication: "who somebody is",
  authorization: "whether somebody may",
  data_access: "files and records were read or written",
  activity: "messages, runs and what they do",
  system: "the gateway's own condition",
};

export function catalogueTable(): string {
  return [
    INTRODUCTION,
    ...byKind(),
    ...byClass(),
    ...Object.entries(AREAS).flatMap(([area, texts]) => [
      `## ${area}`,
      "",
      ...overview(Object.keys(texts)),
      ...Object.entries(texts).flatMap(([name, text]) => details(name, text)),
    ]),
  ].join("\n");
}

function byKind(): string[] {
  const rows = [...AUDIT_KINDS, ...SECURITY_KINDS].map(
    (kind) => `| \`${kind}\` | ${linksTo((meaning) => meaning.kind === kind)} |`,
  );
  return ["## By kind", "", "| Kind | Events |", "|---|---|", ...rows, ""];
}

function byClass(): string[] {
  const rows = AUDIT_CLASSES.map(
    (name) => `| \`${name}\` | ${CLASSES[name]} | ${linksTo((meaning) => meaning.class === name)} |`,
  );
  return ["## By class", "", "| Class | Meaning | Events |", "|---|---|---|", ...rows, ""];
}

function linksTo(wanted: (meaning: (typeof AUDIT_EVENTS)[keyof typeof AUDIT_EVENTS]) => boolean): string {
  return Object.entries(AUDIT_EVENTS)
    .filter(([, meaning]) => wanted(meaning))
    .map(([name]) => link(name))
    .join(", ");
}

function overview(names: readonly string[]): string[] {
  const rows = names.filter(isAuditEvent).map((name) => {
    const { code, kind, class: group, severity } = AUDIT_EVENTS[name];
    return `| ${link(name)} | ${code} | ${kind} | ${group} | ${severity} |`;
  });
  return ["| Event | Code | Kind | Class | Severity |", "|---|---|---|---|---|", ...rows, ""];
}

function details(name: string, { meaning, target, reason, because, fields }: EventText): string[] {
  const members = [
    ["target", target],
    ["reason", reason],
    ["because", because],
    ...Object.entries(fields).map(([field, text]) => [`data.${field}`, text] as const),
  ].flatMap(([member, text]) => (text === undefined ? [] : [`| \`${member}\` | ${text} |`]));
  const table = members.length === 0 ? [] : ["| Member | Content |", "|---|---|", ...members, ""];
  return [`### ${name}`, "", meaning, "", ...table];
}

/** Headings get their anchors without the dots. */
const link = (name: string): string => `[\`${name}\`](#${name.replaceAll(".", "")})`;
