import { readFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { expect, test } from "vitest";
import { CONFIG_KEYS } from "#server/config/catalogue.ts";
import { configDocs } from "#server/config/docs.ts";
import { configProblems } from "#server/config/load.ts";

const ROOT = join(import.meta.dirname, "../..");

test("docs/configuration.md says what the schema says (refresh it with: npx vitest run server/config/docs.test.ts -u)", async () => {
  const page = await format(configDocs(), { parser: "markdown", printWidth: 120 });
  await expect(page).toMatchFileSnapshot(join(ROOT, "docs/configuration.md"));
});

test("every key is described, and every value has a default, is required or is optional by nature", () => {
  const undescribed = CONFIG_KEYS.filter(
    ({ path, description }) => path.length > 0 && path.at(-1) !== "*" && description === "",
  );
  expect(undescribed.map(({ path }) => path.join("."))).toEqual([]);
});

test("every key of the schema stands in the documentation", () => {
  const page = configDocs();
  const values = CONFIG_KEYS.filter(
    ({ path, children }) => children === undefined && path.length > 1 && path.at(-1) !== "*",
  );
  const missing = values.filter(({ path }) => !page.includes(`| \`${path.at(-1) ?? ""}\` |`));
  expect(missing.map(({ path }) => path.join("."))).toEqual([]);
});

test("openclaw.example.json5 is accepted without a single error", () => {
  const problems = configProblems(readFileSync(join(ROOT, "openclaw.example.json5"), "utf8"));
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
});
