import fc from "fast-check";
import { expect, test } from "vitest";
import { formatPath, parsePath } from "#server/config/path.ts";

test.each([
  ["gateway.tls.cert", ["gateway", "tls", "cert"]],
  ['channels["my channel"].permissions', ["channels", "my channel", "permissions"]],
  ["gateway.allowedIps[0]", ["gateway", "allowedIps", 0]],
  ["security.authorization.users.4915112345.role", ["security", "authorization", "users", "4915112345", "role"]],
  ["channels.web-chat", ["channels", "web-chat"]],
])("%s", (written, path) => expect(parsePath(written)).toEqual(path));

test.each([
  "",
  ".",
  "a.",
  ".a",
  "a..b",
  "a b",
  "a[",
  "a[-1]",
  'a["b]',
  "a['b']",
  "__proto__.x",
  'a["__proto__"]',
  'a[""]',
  'a["\\x"]',
])("%j is no path", (written) => expect(parsePath(written)).toBeUndefined());

test("a formatted path is read back as it was", () => {
  const step = fc.oneof(
    fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => text !== "__proto__"),
    fc.nat(999_999),
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 1 }), (path) => {
      expect(parsePath(formatPath(path))).toEqual(path);
    }),
  );
});

test("junk never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => void parsePath(text)));
});
