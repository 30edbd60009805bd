import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callApi, type Called } from "../../tests/support/api-client.ts";
import { insertSealed, type TestRow } from "../../tests/support/audit-rows.ts";
import { startServer, type TestServer } from "../../tests/support/server.ts";
import { AuditPageView } from "#server/gateway/audit-query.ts";

let server: TestServer;
let reader: { id: string; token: string };

const DAY_MS = 86_400_000;
const NOON = Date.UTC(2026, 0, 1, 12);

const denied = (n: number): TestRow => ({
  event: "access.denied",
  outcome: "denied",
  at: NOON + n * 60_000,
  userId: `user${n % 3}`,
  channel: "telegram",
  reason: "permission_missing",
});

beforeAll(async () => {
  server = await startServer("{ security: { rateLimit: { enabled: false } } }");
  await server.sql(
    `INSERT INTO role (name, permissions, channels, commands) VALUES
     ('auditor', '{audit:read}', '{api}', '{help}'), ('blind', '{read,write}', '{api}', '{help}')`,
  );
  await server.sql("SELECT pg_notify('openclaw_policy', '{\"table\":\"role\"}')");
  reader = await server.token({ role: "auditor" });
  await insertSealed(
    (text, values) => server.sql(text, values),
    [
      ...Array.from({ length: 90 }, (_, n) => denied(n)),
      {
        event: "auth.token_rejected",
        outcome: "denied",
        at: NOON + DAY_MS,
        address: "203.0.113.9",
        actorType: "anonymous",
      },
    ],
  );
});
afterAll(() => server.stop());

const read = (query: string, token = reader.token): Promise<Called> =>
  callApi(server.url, `/api/v1/audit${query}`, { token });

async function page(query: string) {
  const answer = await read(query);
  expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('"events"')]);
  return AuditPageView.parse(answer.body);
}

describe("GET /api/v1/audit", () => {
  it("AUD-6 pages through what the filter finds, newest first, and says how many there are", async () => {
    const seen: number[] = [];
    let before = "";
    for (let pages = 0; pages < 3; pages += 1) {
      const { events, next, count, atLeast } = await page(`?event=authorization&channel=telegram&limit=40${before}`);
      expect([count, atLeast]).toEqual([90, false]);
      seen.push(...events.map(({ seq }) => seq));
      before = `&before=${next}`;
      expect(next === null).toBe(pages === 2);
    }
    expect(seen).toEqual(Array.from({ length: 90 }, (_, n) => 90 - n));
  });

  it.each([
    ["?kind=authentication_failure", 1],
    ["?level=warn&outcome=denied", 91],
    ["?level=critical", 0],
    ["?actor=anonymous", 1],
    ["?address=203.0.113.9", 1],
    ["?user=user1", 30],
    ["?user=user1&event=auth", 30],
    ["?target=nothing", 0],
    ["?requestId=nothing", 0],
    ["?reason=permission_missing", 90],
    ["?since=2026-01-01T12:10:00Z&until=2026-01-01T13:20:00%2B01:00", 10],
    ["?since=2026-01-02T12:00:00Z", 1],
  ])("AUD-6 %s finds %i", async (query, expected) => {
    const { events, count } = await page(`${query}&limit=200`);
    expect([events.length, count]).toEqual([expected, expected]);
  });

  it("AUD-7 reading is on record, with what was looked for and how much was seen", async () => {
    const answer = await read("?user=user2&limit=5");
    expect(await server.events(answer.requestId)).toMatchObject([
      {
        event: "audit.read",
        outcome: "ok",
        actor_id: reader.id,
        data: { filter: { user: "user2", limit: 5 }, events: 5 },
      },
    ]);
  });

  it.each([
    ["event=authentification", "event"],
    ["event=", "event"],
    [`user=${"x".repeat(201)}`, "user"],
    ["user=%00", "user"],
    ["kind=nonsense", "kind"],
    ["level=loud", "level"],
    ["outcome=maybe", "outcome"],
    ["since=yesterday", "since"],
    ["since=2026-01-01", "since"],
    ["until=2026-01-01T12:00:00", "until"],
    ["since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "until"],
    ["before=0", "before"],
    ["before=1.5", "before"],
    ["limit=0", "limit"],
    ["limit=201", "limit"],
    ["nothing=1", "(query)"],
  ])("AUD-6 ?%s is refused and %s named", async (query, field) => {
    const answer = await read(`?${query}`);
    expect([answer.status, answer.body?.error?.code]).toEqual([400, "invalid_input"]);
    expect(answer.body?.error?.details).toMatchObject({ fields: [{ field }] });
    expect(await server.events(answer.requestId)).toMatchObject([{ event: "message.refused", outcome: "denied" }]);
  });

  it("RBAC-1 takes audit:read: other roles, scopes and nobody are refused and see nothing", async () => {
    const { token } = await server.token({ role: "blind" });
    const answer = await read("", token);
    expect([answer.status, answer.text.includes("seq")]).toEqual([403, false]);
    expect(await server.events(answer.requestId)).toMatchObject([{ event: "access.denied", outcome: "denied" }]);
    const narrowed = await server.token({ role: "admin", scopes: ["runs:read"] });
    expect((await read("", narrowed.token)).status).toBe(403);
    // A new token is asked for until the server knows it; on a slow machine that alone makes the next stranger wait.
    expect([401, 429]).toContain((await read("", "wrong")).status);
    expect((await read("", (await server.token({ role: "admin" })).token)).status).toBe(200);
  });
});
