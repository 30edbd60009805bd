import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { locateInConfig } from "#server/config/locate.ts";

const folder = mkdtempSync(join(tmpdir(), "openclaw-locate-"));
const file = join(folder, "openclaw.json5");
afterAll(() => rmSync(folder, { recursive: true }));

test("AUTHZ-5 points to the key of a path, and to nothing where the file does not hold it", () => {
  writeFileSync(file, '{\n  channels: {\n    "a b": { permissions: { blockedUsers: ["x"] } },\n  },\n}');
  expect(locateInConfig(file, 'channels["a b"].permissions.blockedUsers')).toEqual({ line: 3, column: 29 });
  expect(locateInConfig(file, "channels.slack.permissions")).toBeUndefined();
  expect(locateInConfig(file, 'role "user".commands')).toBeUndefined();
  expect(locateInConfig(join(folder, "missing.json5"), "channels")).toBeUndefined();
});
