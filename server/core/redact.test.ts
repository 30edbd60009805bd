import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CENSOR, redact, redactText } from "#server/core/redact.ts";

const SECRET = "Zq7canary0123456789abcdefABCDEF42";
const TOKEN = `ocg_0123456789ab_${SECRET}`;

describe("AUD-10 secrets in texts", () => {
  test.each([
    ["a token of ours", `refused ${TOKEN} from 192.0.2.7`],
    ["a token of a run", `ocr_run_0123456789_${SECRET}`],
    ["a session", "ses_0123456789abcdefghjkmnpqrstv"],
    ["a set-up link", `open http://127.0.0.1:8642/setup#${SECRET}`],
    ["a bearer header", `authorization: Bearer ${SECRET}`],
    ["a basic header", `Authorization: Basic ${Buffer.from("ada:Zq7canary").toString("base64")}`],
    ["the key of a model provider", `Incorrect API key provided: sk-proj-${SECRET}`],
    ["a key in JSON within a text", JSON.stringify(JSON.stringify({ apiKey: SECRET }))],
    ["a password in an address", `postgresql://openclaw_app:${SECRET}@localhost/openclaw`],
    ["a token in an address", `GET /ws?token=${SECRET}&x=1`],
    ["a key in an address", `https://example.org/v1?key=${SECRET}`],
    ["a cookie", `Cookie: next-auth.session-token=${SECRET}; theme=dark`],
    ["an assignment", `OPENCLAW_SECRET=${SECRET}`],
    ["an assignment with a blank", `password: ${SECRET}`],
    ["a JSON web token", `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.${SECRET}`],
    ["a private key", `-----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----`],
    ["the token of a Telegram bot", `https://api.telegram.org/bot123456789:AAF${SECRET.slice(0, 32)}/getMe`],
  ])("%s goes", (_what, text) => {
    const clean = redactText(text);
    expect(clean).not.toContain(SECRET.slice(0, 12));
    expect(clean).not.toContain(Buffer.from("ada:Zq7canary").toString("base64"));
    expect(clean).toContain(CENSOR);
  });

  test.each([
    "token: the allowed addresses of this token cannot be read; it is refused",
    "tokens: last use not written, will try again",
    "Send the run's token as Authorization: Bearer or x-api-key.",
    "connect ECONNREFUSED 127.0.0.1:5432",
    "the image sha256:9f86d081884c7d659a2feaa0c55ad015 has another digest than the one expected",
    "request req_0123456789abcdefghjk failed at /srv/app/server/gateway/answer.ts:152:3",
    'basic settings, role "admin", 5 tokens: none expired',
    '{"level":30,"time":"2026-11-25T10:00:00.000Z","tokenId":"0123456789ab","path":"/api/v1/tokens"}',
  ])("an ordinary line stays as it is: %s", (text) => {
    expect(redactText(text)).toBe(text);
  });

  test("stays JSON", () => {
    const line = { msg: `Bearer ${SECRET}`, err: { message: `token="${SECRET}" and cookie: a=${SECRET}"` }, next: 1 };
    expect(JSON.parse(redactText(JSON.stringify(line)))).toMatchObject({ next: 1 });
  });

  test("a long line of what looks like a beginning costs no time", () => {
    const started = performance.now();
    redactText(`${"cookie: ".repeat(20_000)}${"a://".repeat(20_000)}${"-----BEGIN PRIVATE KEY-----".repeat(2_000)}`);
    redactText("token=".repeat(50_000));
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

/** Anything a log call may be given, with `secret` somewhere in it. */
function around(secret: string): fc.Arbitrary<unknown> {
  const header = fc.constantFrom(
    `Bearer ${secret}`,
    `https://x:${secret}@example.org/`,
    `https://example.org/?token=${secret}`,
  );
  const hidden = fc.constantFrom(
    "token",
    "gateway_token",
    "API-Key",
    "authorization",
    "password",
    "cookie",
    "key",
    "code",
    "text",
    "sessionKey",
  );
  const leaf = fc.oneof(
    header,
    fc.constant(new URL(`https://x:${secret}@example.org/`)),
    fc
      .tuple(hidden, fc.oneof(fc.constant(secret), fc.constant([secret]), fc.constant({ deep: { value: secret } })))
      .map(([name, value]) => ({ [name]: value })),
    header.map((text) => new Error(`failed: ${text}`)),
    hidden.map((name) => Object.assign(new Error("failed"), { [name]: secret })),
    fc.constant(new Headers({ authorization: `Bearer ${secret}`, "x-api-key": secret })),
    fc.constant(["Authorization", secret, "X-Api-Key", secret]),
    fc.constant(new Map([["token", secret]])),
  );
  return fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: "medium" },
      leaf,
      fc.tuple(fc.string(), tie("node")).map(([name, value]) => ({ before: 1, [name]: value })),
      tie("node").map((value) => ["x", value]),
      tie("node").map((cause) => new Error("outer", { cause })),
      tie("node").map((error) => new AggregateError([new Error("one"), error], "several")),
      tie("node").map((value) => Object.assign(new Error("with more"), { response: value })),
      tie("node").map((value) => new Set([value])),
    ),
  })).node;
}

describe("AUD-10 secrets in values", () => {
  test("nothing of a secret is left, wherever it is planted", () => {
    fc.assert(
      fc.property(around(SECRET), fc.boolean(), (value, stacks) => {
        expect(JSON.stringify(redact({ value }, { stacks }))).not.toContain(SECRET);
      }),
      { numRuns: 2_000 },
    );
  });

  test("what is no secret is kept, codes of errors among it", () => {
    const error = Object.assign(new Error("connect ECONNREFUSED", { cause: new Error("below") }), {
      code: "ECONNREFUSED",
      port: 5432,
      tokenId: "0123456789ab",
    });
    expect(redact({ err: error, list: [1, "two", null], reason: { code: "key_readable" } }, { stacks: false })).toEqual(
      {
        err: {
          type: "Error",
          message: "connect ECONNREFUSED",
          code: "ECONNREFUSED",
          port: 5432,
          tokenId: "0123456789ab",
          cause: { type: "Error", message: "below" },
        },
        list: [1, "two", null],
        reason: { code: "key_readable" },
      },
    );
  });

  test("stacks are kept when they are asked for, in causes too", () => {
    const clean = redact(new Error("a", { cause: new Error("b") }), { stacks: true }) as {
      stack: string;
      cause: { stack: string };
    };
    expect(clean.stack).toContain("redact.test.ts");
    expect(clean.cause.stack).toContain("redact.test.ts");
  });

  test("the row that a database error tells of is left out", () => {
    const error = Object.assign(new Error("null value violates not-null constraint"), {
      code: "23502",
      detail: `Failing row contains (run_1, ${SECRET}).`,
    });
    expect(redact(error, { stacks: false })).toMatchObject({ code: "23502", detail: CENSOR });
  });

  test("loops, depth, size and what cannot be read are bounded", () => {
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    const deep = JSON.parse(`${'{"a":'.repeat(50)}1${"}".repeat(50)}`) as unknown;
    const wide = Array.from({ length: 100_000 }, (_, n) => n);
    const trap = Object.defineProperty({}, "x", {
      enumerable: true,
      get: () => {
        throw new Error("no");
      },
    });
    const clean = JSON.stringify(redact({ loop, deep, trap, long: "x".repeat(100_000), wide }, { stacks: true }));
    expect(clean.length).toBeLessThan(60_000);
    expect(clean).toContain("[unreadable]");
  });
});
