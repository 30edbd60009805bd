import { expect, test } from "vitest";
import { apiSecurityHeaders, securityHeaders } from "#server/core/http/security-headers.ts";

const directivesOf = (tls: boolean): Map<string, string[]> => {
  const policy = securityHeaders({ nonce: "bm9uY2U=", tls })["content-security-policy"] ?? "";
  return new Map(policy.split("; ").map((text) => [text.split(" ")[0] ?? "", text.split(" ").slice(1)]));
};

test("scripts and styles run by nonce only: nothing inline, nothing evaluated, no foreign host", () => {
  const directives = directivesOf(false);
  expect(directives.get("script-src")).toEqual(["'self'", "'nonce-bm9uY2U='", "'strict-dynamic'"]);
  expect(directives.get("style-src")).toEqual(["'self'", "'nonce-bm9uY2U='"]);
  expect([...directives.values()].flat().join(" ")).not.toMatch(/unsafe|\*|https?:/);
});

test("CVE-2026-25253 a page can connect to its own server only, whatever its address says", () => {
  expect(directivesOf(false).get("connect-src")).toEqual(["'self'"]);
  expect(directivesOf(false).get("default-src")).toEqual(["'none'"]);
});

test("framing, base and form hijacking are off", () => {
  const directives = directivesOf(false);
  expect(directives.get("frame-ancestors")).toEqual(["'none'"]);
  expect(directives.get("base-uri")).toEqual(["'none'"]);
  expect(directives.get("form-action")).toEqual(["'self'"]);
});

test("HSTS and upgrading belong to TLS alone: over plain loopback they would lock the browser out", () => {
  expect(securityHeaders({ nonce: "a", tls: false })).not.toHaveProperty("strict-transport-security");
  expect(directivesOf(false).has("upgrade-insecure-requests")).toBe(false);
  expect(securityHeaders({ nonce: "a", tls: true })).toHaveProperty("strict-transport-security");
  expect(directivesOf(true).has("upgrade-insecure-requests")).toBe(true);
});

test("NET-3 an API answer runs nothing, is framed nowhere, and asks for TLS where there is TLS", () => {
  const plain = apiSecurityHeaders({ tls: false });
  expect(plain).toEqual({
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "referrer-policy": "no-referrer",
  });
  expect(apiSecurityHeaders({ tls: true })).toEqual({
    ...plain,
    "strict-transport-security": expect.stringMatching(/^max-age=\d{8}/) as string,
  });
});
