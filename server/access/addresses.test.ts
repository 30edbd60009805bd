import { expect, test } from "vitest";
import { becauseHref, simulateHref } from "#server/access/addresses.ts";

test.each([
  ['role "user".commands', "/roles?role=user"],
  ['user "slack:U1".channels', "/users?open=slack%3AU1"],
  ['channel "slack".blockedUsers', "/channels?open=slack"],
  ['token "abc"', "/tokens?open=abc"],
  ["security.authorization.roles.user.permissions", "/roles?role=user"],
  ['security.authorization.users["slack:U1"].role', "/users?open=slack%3AU1"],
  ["channels.slack.permissions.blockedUsers", "/channels?open=slack"],
  ["security.authorization.enabled", null],
  ["token:family", null],
  ['channels["broken', null],
])("AUTHZ-5 the rule %s is shown at %s", (because, href) => {
  expect(becauseHref(because)).toBe(href);
});

test("a question's address holds what was asked, and nothing empty", () => {
  expect(simulateHref({ user: "slack:U1", role: "", channel: "api", command: "run" })).toBe(
    "/roles/simulate?user=slack%3AU1&channel=api&command=run",
  );
});
