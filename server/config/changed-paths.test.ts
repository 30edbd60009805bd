import { expect, test } from "vitest";
import { changedPaths } from "#server/config/changed-paths.ts";

test("AUD-2 names what differs, never a value", () => {
  const before = {
    gateway: { token: "old", port: 1, tls: { enabled: true } },
    security: { allowedIps: ["a"], same: [1] },
  };
  const after = {
    gateway: { token: "new", port: 1, tls: "off" },
    security: { allowedIps: ["a", "b"], same: [1] },
    agents: { helper: { model: "m" } },
  };
  expect(changedPaths(before, after)).toEqual(["gateway.token", "gateway.tls", "security.allowedIps", "agents"]);
  expect(changedPaths(before, structuredClone(before))).toEqual([]);
});

test("names fifty at most", () => {
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`k${n}`, n]));
  const changed = changedPaths({}, many);
  expect(changed).toHaveLength(51);
  expect(changed.at(-1)).toBe("…");
});
