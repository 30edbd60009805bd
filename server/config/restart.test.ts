import { expect, test } from "vitest";
import { entryAt } from "#server/config/catalogue.ts";
import { needsRestart } from "#server/config/restart.ts";

test.each([
  "gateway.bind",
  "gateway.port",
  "gateway.tls.enabled",
  "gateway.tls",
  "gateway",
  "security.storage.logPath",
])("%s is read at the start only", (path) => {
  expect(entryAt(path.split("."))).toBeDefined();
  expect(needsRestart(path.split("."))).toBe(true);
});

test.each([
  "gateway.allowedIps",
  "gateway.tls.cert",
  "security.rateLimit.global",
  "channels",
  "security.storage.backupPath",
])("%s is taken up at once", (path) => {
  expect(needsRestart(path.split("."))).toBe(false);
});
