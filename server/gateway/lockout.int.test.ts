/** Guessing, attacked from outside: what it costs a guesser, and that it costs nobody else anything. */
import { randomBytes } from "node:crypto";
import { Agent, request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../tests/support/server.ts";

const CONFIGURED = randomBytes(24).toString("base64url");
let server: TestServer;

beforeAll(async () => {
  server = await startServer(`{ gateway: { token: "${CONFIGURED}" } }`);
});
afterAll(() => server.stop());

interface Answer {
  status: number;
  retryAfter: number;
  code: string | undefined;
}

/** @param from a loopback address: each is a client of its own. */
async function ask(token: string, from: string, headers: Record<string, string> = {}): Promise<Answer> {
  const dispatcher = agentOf(from);
  const answer = await request(`${server.url}/api/v1/whoami`, {
    dispatcher,
    headers: { ...headers, authorization: `Bearer ${token}` },
  });
  const body = (await answer.body.json()) as { error?: { code: string } };
  return { status: answer.statusCode, retryAfter: Number(answer.headers["retry-after"] ?? 0), code: body.error?.code };
}

const agents = new Map<string, Agent>();
function agentOf(localAddress: string): Agent {
  const agent = agents.get(localAddress) ?? new Agent({ localAddress, connections: 32 });
  agents.set(localAddress, agent);
  return agent;
}
afterAll(async () => void (await Promise.all([...agents.values()].map((agent) => agent.close()))));

const wrong = (token: string): string => `${token.slice(0, 20)}${randomBytes(24).toString("base64url")}`;

/** Attempts that the record accounts for, one by one or counted together. */
async function attemptsOnRecord(address: string): Promise<number> {
  const rows = await server.recorded("auth.token_rejected");
  return rows.filter((row) => row.actor_id === address).reduce((sum, { data }) => sum + Number(data["count"] ?? 1), 0);
}

describe("AUTH-9 ClawJacked guessing from loopback", () => {
  it("1,000 wrong tokens: all on record, 429 with Retry-After early on, and another owner's token works meanwhile", async () => {
    const { token } = await server.token({ name: "bystander", ownerId: "somebody-else" });
    const before = await attemptsOnRecord("127.0.0.1");
    const bystander: number[] = [];
    const guesses: Answer[] = [];
    for (let round = 0; round < 20; round += 1) {
      const burst = Array.from({ length: 50 }, () => ask(wrong(CONFIGURED), "127.0.0.1"));
      guesses.push(...(await Promise.all(burst)));
      bystander.push((await ask(token, "127.0.0.1")).status);
    }
    expect(guesses.every(({ status }) => status === 401 || status === 429)).toBe(true);
    expect(guesses.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(12);
    expect(
      guesses
        .slice(50)
        .filter(({ status }) => status === 429)
        .every(({ retryAfter }) => retryAfter > 0),
    ).toBe(true);
    expect(guesses.slice(0, 50).some(({ status }) => status === 429)).toBe(true);
    expect(bystander).toEqual(bystander.map(() => 200));
    expect((await attemptsOnRecord("127.0.0.1")) - before).toBe(1_000);
    // Collapsed: far fewer rows than attempts.
    expect((await server.recorded("auth.token_rejected")).length).toBeLessThan(600);
  });

  it("the guessed account itself waits: its right secret is no oracle from that address, and works from another", async () => {
    for (let guess = 0; guess < 8; guess += 1) {
      await ask(wrong(CONFIGURED), "127.0.0.2");
    }
    expect(await ask(CONFIGURED, "127.0.0.2")).toMatchObject({ status: 429, code: "locked_out" });
    expect((await ask(CONFIGURED, "127.0.0.3")).status).toBe(200);
  });

  it("PR #57647 a second, junk credential does not get around it", async () => {
    const statuses: number[] = [];
    for (let guess = 0; guess < 20; guess += 1) {
      const junk = { "x-api-key": `junk-${guess}`, "x-device-token": `d${guess}`, cookie: `deviceToken=${guess}` };
      statuses.push((await ask(wrong(CONFIGURED), "127.0.0.4", junk)).status);
    }
    expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
    expect(statuses.at(-1)).toBe(429);
  });

  it("GHSA-5847-rm3g-23mw a second token id, header or spelling of the scheme is the same budget", async () => {
    const { token } = await server.token({ name: "victim", ownerId: "victim" });
    const spellings = ["Bearer", "bearer", "BEARER"];
    const statuses: number[] = [];
    for (let guess = 0; guess < 12; guess += 1) {
      const answer = await request(`${server.url}/api/v1/whoami`, {
        dispatcher: agentOf("127.0.0.5"),
        headers:
          guess % 2 === 0
            ? { authorization: `${spellings[guess % 3] ?? ""} ${wrong(token)}` }
            : { "x-api-key": randomBytes(20).toString("hex") },
      });
      await answer.body.dump();
      statuses.push(answer.statusCode);
    }
    expect(statuses.at(-1)).toBe(429);
    expect((await ask(token, "127.0.0.5")).status).toBe(200);
  });

  it("a missing token is refused and counted on record, but is no guess", async () => {
    const asked = Array.from({ length: 30 }, () =>
      request(`${server.url}/api/v1/whoami`, { dispatcher: agentOf("127.0.0.6") }),
    );
    const answers = await Promise.all(asked);
    await Promise.all(answers.map((answer) => answer.body.dump()));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(answers.map(() => 401));
    expect(await attemptsOnRecord("127.0.0.6")).toBe(30);
    expect((await ask(CONFIGURED, "127.0.0.6")).status).toBe(200);
  });
});
