import { format } from "prettier";
import { expect, test } from "vitest";
import { catalogueTable } from "#server/audit/catalogue-table.ts";
import { AUDIT_EVENTS } from "#server/audit/events.ts";

test("docs/audit-events.md is up to date", async () => {
  await expect(await format(catalogueTable(), { parser: "markdown" })).toMatchFileSnapshot(
    "../../docs/audit-events.md",
  );
});

test("codes are unique and end with the letter of their severity", () => {
  const events = Object.values(AUDIT_EVENTS);
  expect(new Set(events.map((event) => event.code)).size).toBe(events.length);
  expect(events.filter((event) => !event.code.endsWith(event.severity.charAt(0).toUpperCase()))).toEqual([]);
});
