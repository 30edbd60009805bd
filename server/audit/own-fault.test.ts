import { expect, test } from "vitest";
import { faultEvent, faultFacts } from "#server/audit/own-fault.ts";

const SECRET = "Zq7canary0123456789abcdefABCDEF42";

test("AUD-10 of an error only class, code and place go on record", () => {
  const error = Object.assign(new TypeError(`token ${SECRET}`, { cause: new Error(SECRET) }), {
    code: "ECONNREFUSED",
    body: SECRET,
  });
  const event = faultEvent("request_failed", error, { type: "system", id: "server" }, "GET /api/v1/runs");
  expect(event).toMatchObject({
    event: "system.error",
    outcome: "failed",
    reason: "request_failed",
    data: {
      error: "TypeError",
      code: "ECONNREFUSED",
      place: expect.stringMatching(/^server\/audit\/own-fault\.test\.ts:\d+:\d+$/) as string,
    },
  });
  expect(JSON.stringify(event)).not.toContain(SECRET);
});

test("what is thrown may be anything, and say anything of itself", () => {
  expect(faultFacts(`text ${SECRET}`)).toEqual({ error: "string", code: null, place: null });
  expect(faultFacts(undefined)).toEqual({ error: "undefined", code: null, place: null });
  const liar = Object.assign(new Error("x"), {
    name: SECRET,
    code: `x ${SECRET}`,
    stack: `    at f (/x/server/${SECRET} y.ts:1:1)`,
  });
  expect(faultFacts(liar)).toEqual({ error: "Error", code: null, place: null });
});
