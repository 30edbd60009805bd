/** `docs/configuration.md`, made from the schema, so that the two cannot disagree. A test compares. */
import { CONFIG_KEYS, type KeyEntry } from "#server/config/catalogue.ts";
import { POLICY_SECTIONS } from "#server/config/load.ts";

const INTRODUCTION = `# Configuration

Made from the schema; change \`server/config/schema\` instead of this page.

The gateway reads one [JSON5](https://json5.org) file, \`~/.openclaw/config/openclaw.json5\` unless \`OPENCLAW_CONFIG\` or \`--config\` names another.
Without a file every setting has its default. An unknown key is an error. \`openclaw.example.json5\` is a file to start from.

- **Check:** \`openclaw config validate\` lists every error and warning with line, reason and fix.
- **Change:** \`openclaw config set gateway.port 8080\` keeps comments, and writes nothing that the gateway would refuse.
- **Reload:** the running gateway takes up a saved file within a second. A bad edit leaves the last good configuration in force; address, port and whether TLS is on take effect at the next start; certificate files are taken up like the configuration itself.
- **References:** \`\${NAME}\` in a text stands for an environment variable. It is filled in only where the value is used and never written back.
- **Encryption:** \`openclaw config encrypt\` encrypts the secrets in their places (\`enc:v1:…\`) with the keyring in \`~/.openclaw/keys\`, and \`openclaw config decrypt\` gives back the same bytes. An encrypted value opens at its own key only, and only while it is used.
- **Durations:** \`"500ms"\`, \`"30s"\`, \`"15m"\`, \`"24h"\`, \`"30d"\`, \`"2w"\`, or a number of milliseconds.
- **Sizes:** \`"512m"\`, \`"1g"\`, \`"10MB"\`, or a number of bytes; all are powers of 1024.
- **Names:** \`*\` in a key below stands for a name that you choose. In a key path on the command line, put an unusual name in brackets: \`channels["my channel"].permissions\`.
- **Ownership:** a policy section that stands in the file is owned by the file; an absent one is owned by the database and edited elsewhere. These are: ${POLICY_SECTIONS.map((section) => `\`${section}\``).join(", ")}.
`;

/** Markdown; the caller formats it. */
export function configDocs(): string {
  const groups = CONFIG_KEYS.filter(
    (entry) => entry.children !== undefined && entry.path.length > 0 && hasValues(entry),
  );
  return [INTRODUCTION, ...groups.map(section)].join("\n");
}

function section(group: KeyEntry): string {
  const rows = valuesOf(group).map((entry) => {
    return `| \`${entry.path.at(-1) ?? ""}\` | ${escapeCell(entry.type)} | ${defaultCell(entry)} | ${escapeCell(entry.description)} |`;
  });
  return [
    `## \`${group.path.join(".")}\``,
    "",
    group.description,
    "",
    "| Key | Type | Default | Meaning |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

function hasValues(group: KeyEntry): boolean {
  return valuesOf(group).length > 0;
}

/** Entries directly below a group that are not groups of their own. */
function valuesOf(group: KeyEntry): KeyEntry[] {
  return CONFIG_KEYS.filter(
    ({ path, children }) =>
      children === undefined &&
      path.length === group.path.length + 1 &&
      group.path.every((step, index) => step === path[index]),
  );
}

function defaultCell({ defaultValue, required }: KeyEntry): string {
  return defaultValue === undefined ? (required ? "required" : "") : escapeCell(`\`${JSON.stringify(defaultValue)}\``);
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|");
}
