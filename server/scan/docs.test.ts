import { readFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { expect, test } from "vitest";
import { CHECKS } from "#server/scan/registry.ts";
import { SCAN_AREAS, SCAN_SEVERITIES } from "#server/scan/policy.ts";

const PAGE = join(import.meta.dirname, "../../docs/scan.md");
const MARK = "<!-- The rest is made from the registry: npx vitest run --project unit server/scan/docs.test.ts -u -->";

function table(): string {
  const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("*", "\\*");
  return SCAN_AREAS.flatMap((area) => {
    const checks = CHECKS.filter((check) => check.area === area);
    const rows = SCAN_SEVERITIES.flatMap((severity) =>
      checks
        .filter((check) => check.severity === severity)
        .map(({ id, title, why }) => `| \`${id}\` | ${severity} | ${cell(title)} | ${cell(why)} |`),
    );
    return [
      `### ${area} (${checks.length})`,
      "",
      "| Check | Severity | Finding | Why |",
      "| --- | --- | --- | --- |",
      ...rows,
      "",
    ];
  }).join("\n");
}

test("docs/scan.md lists every check (refresh it with: npx vitest run --project unit server/scan/docs.test.ts -u)", async () => {
  const [words = ""] = readFileSync(PAGE, "utf8").split(MARK);
  const page = await format(`${words.trimEnd()}\n\n${MARK}\n\n## All ${CHECKS.length} checks\n\n${table()}`, {
    parser: "markdown",
    printWidth: 120,
  });
  await expect(page).toMatchFileSnapshot(PAGE);
});
