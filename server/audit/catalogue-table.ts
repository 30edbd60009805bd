/** The event catalogue as a document, `docs/audit-events.md`. */
import { AUDIT_EVENTS } from "#server/audit/events.ts";

const INTRODUCTION = `# Audit events

Every name the audit record can hold. The code is stable and never reused, so that SIEM rules can rely on it; its last letter is the severity.
The kind is what \`logging.audit.events\` and \`logging.security.events\` list. Kinds \`authentication\`, \`authentication_failure\` and
\`config_changes\` are always recorded.

Read the record with \`openclaw logs audit --last 24h\` or \`openclaw logs filter --event NAME\`, where NAME is an event, a kind, or the
beginning of either. Check it with \`openclaw security verify-audit\`.

This file is generated from \`server/audit/events.ts\`; \`npx vitest run server/audit/catalogue-table.test.ts -u\` writes it anew.
`;

export function catalogueTable(): string {
  const rows = Object.entries(AUDIT_EVENTS).map(
    ([name, { code, kind, severity }]) => `| \`${name}\` | ${code} | ${kind} | ${severity} |`,
  );
  return [INTRODUCTION, "| Event | Code | Kind | Severity |", "|---|---|---|---|", ...rows, ""].join("\n");
}
