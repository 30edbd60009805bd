import { expect, test } from "vitest";
import { localPath } from "#server/auth/policy.ts";

test.each(["/overview", "/runs?state=running&page=2", "/members/mem_1", "/a//b"])(
  "%j is a page of the console",
  (next) => {
    expect(localPath(next)).toBe(next);
  },
);

test.each([
  undefined,
  "",
  "/",
  "runs",
  "//evil.example",
  "///evil.example",
  "/\\evil.example",
  "\\\\evil.example",
  "/\t/evil.example",
  "/\n/evil.example",
  "/runs\\..\\..\\evil",
  "/./%2f/../..//evil.example",
  "/.//evil.example",
  "https://evil.example/overview",
  "http:evil.example",
  "javascript:alert(1)",
  "data:text/html,x",
  " /overview",
  "/sign-in?next=/sign-in",
  "/setup",
  "/enrol",
  "/api/auth/signout",
  `/${"a".repeat(3_000)}`,
])("a hostile or pointless wish is not obeyed: %j", (next) => {
  expect(localPath(next)).toBe("/overview");
});
