import { homedir } from "node:os";
import { expect, test } from "vitest";
import { resolveLocation } from "#server/config/location.ts";
import { resolveSecret } from "#server/config/references.ts";

const lookup = (variable: string): string | undefined => ({ KEY: "s3cret$&", HOST: "h" })[variable];

test("AUTH-11 references are filled in at use, as they are", () => {
  expect(resolveSecret("a.b", "${KEY}", { lookup })).toBe("s3cret$&");
  expect(resolveSecret("a.b", "x-${HOST}-${HOST}-$HOST", { lookup })).toBe("x-h-h-$HOST");
  expect(resolveSecret("a.b", "plain", { lookup })).toBe("plain");
});

test("AUTH-11 a missing variable is an error that names key and variable", () => {
  const resolve = (): string => resolveSecret("security.apiKeys.openai", "${KEY}${GONE}", { lookup });
  expect(resolve).toThrow(/^security\.apiKeys\.openai .*GONE/);
  expect(resolve).toThrow(expect.objectContaining({ code: "NOT_CONFIGURED" }));
});

test("DATA-4 places: the OpenClaw home follows OPENCLAW_HOME, the account's home and relative paths have one meaning", () => {
  const at = (written: string): string => resolveLocation("a.b", written, { home: "/srv/openclaw" });
  expect(at("~/.openclaw/logs/audit.log")).toBe("/srv/openclaw/logs/audit.log");
  expect(at("~/.openclaw")).toBe("/srv/openclaw");
  expect(at("~/.openclaw-old/x")).toBe(`${homedir()}/.openclaw-old/x`);
  expect(at("~/x")).toBe(`${homedir()}/x`);
  expect(at("./workspace")).toBe("/srv/openclaw/workspace");
  expect(at("/var/log/x")).toBe("/var/log/x");
});
