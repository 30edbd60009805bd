import { fetch } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { announceEngine, startServer, type TestServer } from "../../../tests/support/server.ts";

const CANARY = "sk-canary-4d1f7a90c2";
const CONFIG = `{
  security: {
    apiKeys: { openai: "${CANARY}" },
    // Rows are read here as they are stored.
    encryption: { database: { enabled: false } },
    sandboxing: {
      profiles: { small: {}, build: { limits: { memory: "1g" } } },
      roles: { user: ["small", "default"] },
    },
  },
  agents: {
    coder: { model: "openai/gpt-5", profile: "build", instructions: "Write tests." },
    boss: { roles: ["admin"] },
    lost: { model: "nowhere/model" },
  },
}`;

let server: TestServer;
let admin: string;
let user: string;

beforeAll(async () => {
  server = await startServer(CONFIG);
  ({ token: admin } = await server.token({ name: "admin", ownerId: "ops" }));
  ({ token: user } = await server.token({ name: "user", role: "user", ownerId: "ana" }));
});
afterAll(() => server.stop());

interface Sent {
  status: number;
  requestId: string | null;
  body: {
    error?: { code: string; message: string; details?: Record<string, unknown> };
    reply?: { text: string };
    runId?: string;
    [key: string]: unknown;
  };
}

async function call(method: string, path: string, token: string, body?: object, headers = {}): Promise<Sent> {
  const response = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const answer = (await response.json()) as Sent["body"];
  return { status: response.status, requestId: response.headers.get("x-request-id"), body: answer };
}

/** Sends a message and does not wait for its run. */
const ask = (text: string, { token = user, ...more }: { token?: string; [key: string]: unknown } = {}, headers = {}) =>
  call("POST", "/api/v1/messages", token, { text, ...more }, { prefer: "respond-async", ...headers });

interface RunRow {
  id: string;
  language: string;
  code: string;
  agent: string;
  model: string;
  profile: string;
  outputs: string[];
}

const runs = (): Promise<RunRow[]> =>
  server.sql<RunRow>("SELECT id, language, code, agent, model, profile, outputs FROM run ORDER BY created_at, id");

describe("/ask without an engine", () => {
  it("#57267 is refused, and nothing is queued", async () => {
    const sent = await ask("What is 6 × 7?");
    expect(sent).toMatchObject({ status: 503, body: { error: { code: "engine_unavailable" } } });
    expect(await runs()).toEqual([]);
    expect(await server.events(sent.requestId)).toMatchObject([{ event: "message.refused", outcome: "denied" }]);
  });
});

describe("/ask", () => {
  beforeAll(() => announceEngine(server));

  it("SBX-1 plain text is a run of the default agent, in the profile of the role, on record with it", async () => {
    const sent = await ask("What is 6 × 7?", { user: "ana" });
    expect(sent.status).toBe(202);
    expect((await runs()).find(({ id }) => id === sent.body.runId)).toEqual({
      id: sent.body.runId,
      language: "agent",
      code: "What is 6 × 7?",
      agent: "default",
      model: "openai/gpt-5-mini",
      profile: "small",
      outputs: ["output"],
    });
    const events = await server.events(sent.requestId);
    expect(events.map(({ event, user_id }) => [event, user_id])).toEqual([
      ["message.received", "ana"],
      ["run.queued", "ana"],
      ["message.replied", "ana"],
    ]);
    expect(events[1]?.data).toEqual({
      language: "agent",
      agent: "default",
      model: "openai/gpt-5-mini",
      profile: "small",
      bytes: 15,
      files: 0,
    });
    expect(JSON.stringify([events, await server.sql("SELECT * FROM run")])).not.toContain(CANARY);
  });

  it("an agent that is named brings its own model and profile; what is to be kept is added to the usual", async () => {
    const sent = await ask("/ask @Coder write\n a test", { outputs: ["report.md", "output"] });
    expect(sent.status).toBe(202);
    expect((await runs()).find(({ id }) => id === sent.body.runId)).toMatchObject({
      code: "write\n a test",
      agent: "coder",
      model: "openai/gpt-5",
      profile: "build",
      outputs: ["output", "report.md"],
    });
  });

  it("a file that comes along is stored with the run", async () => {
    const files = [{ path: "numbers.txt", content: Buffer.from("1\n2\n").toString("base64") }];
    const sent = await ask("Add them up", { files, profile: "default" });
    expect(sent.status).toBe(202);
    expect((await runs()).find(({ id }) => id === sent.body.runId)).toMatchObject({ profile: "default" });
    expect(await server.sql("SELECT path FROM run_file WHERE run_id = $1", [sent.body.runId])).toEqual([
      { path: "numbers.txt" },
    ]);
  });

  it.each<[string, object, string | undefined, number, string, string, RegExp]>([
    ["/ask", {}, undefined, 400, "invalid_input", "invalid_input", /^text: there is no question\./],
    ["/ask @coder", {}, undefined, 400, "invalid_input", "invalid_input", /^text: there is no question\./],
    [
      "@nobody hi",
      {},
      undefined,
      400,
      "invalid_input",
      "agent_unknown",
      /"nobody"\. Ask one of: default, coder, lost\.$/,
    ],
    ["@__proto__ hi", {}, undefined, 400, "invalid_input", "agent_unknown", /"__proto__"/],
    ["@boss hi", {}, "agents.boss.roles", 403, "forbidden", "agent_not_for_role", /Role "user" may not ask/],
    [
      "@lost hi",
      {},
      undefined,
      503,
      "not_configured",
      "model_missing",
      /agents\.lost\.model.*models\.providers\.nowhere/,
    ],
    [
      "hi",
      { profile: "build" },
      "security.sandboxing.roles.user",
      403,
      "forbidden",
      "profile_not_allowed",
      /small, default/,
    ],
    [
      "@coder hi",
      { profile: "small" },
      "agents.coder.profile",
      403,
      "forbidden",
      "profile_not_allowed",
      /"coder".*build/,
    ],
  ])("AUTHZ-1 %j with %j is refused and on record", async (text, more, because, status, code, reason, message) => {
    const before = (await runs()).length;
    const sent = await ask(text, more as Record<string, unknown>);
    expect(sent).toMatchObject({
      status,
      body: { error: { code, message: expect.stringMatching(message) as string } },
    });
    if (because !== undefined) {
      expect(sent.body.error?.details).toEqual({ reason, because });
    }
    expect(await server.events(sent.requestId)).toMatchObject([
      { event: status === 403 ? "access.denied" : "message.refused", outcome: "denied", reason },
    ]);
    expect(await runs()).toHaveLength(before);
  });

  it("the keeper of the configuration is told which file to change", async () => {
    const { body } = await ask("@lost hi", { token: admin });
    expect(body.error?.message).toContain(server.home.configFile);
  });

  it("a role that an agent is for may ask it", async () => {
    expect(await ask("@boss hi", { token: admin })).toMatchObject({ status: 202 });
  });

  it("an idempotency key is one question to one agent", async () => {
    const again = (text: string) => ask(text, {}, { "idempotency-key": "question-1" });
    const first = await again("@coder hi");
    expect((await again("@coder hi")).body.runId).toBe(first.body.runId);
    // The same profile and words, so that only the agent differs.
    await server.sql("UPDATE run SET profile = 'small' WHERE id = $1", [first.body.runId]);
    expect(await again("hi")).toMatchObject({ status: 409, body: { error: { code: "conflict" } } });
  });

  it("the answer is what the agent prints; /help names the form", async () => {
    const known = new Set((await runs()).map(({ id }) => id));
    const waiting = call("POST", "/api/v1/messages", user, { text: "Ready?" });
    let runId: string | undefined;
    while (runId === undefined) {
      runId = (await runs()).find(({ id }) => !known.has(id))?.id;
    }
    await server.sql("UPDATE run SET state = 'running' WHERE id = $1", [runId]);
    await server.sql(
      "UPDATE run SET state = 'succeeded', reason = 'exit', exit_code = 0, stdout = E'Yes.\\n', stderr = 'log' WHERE id = $1",
      [runId],
    );
    await server.sql("SELECT pg_notify('openclaw_run', $1)", [JSON.stringify({ runId })]);
    expect(await waiting).toMatchObject({ status: 200, body: { reply: { text: "Yes." } } });
    const help = await call("POST", "/api/v1/messages", user, { text: "/help" });
    expect(help.body.reply?.text).toContain("/ask [@agent] <question>, or plain text");
  });

  it("GET /api/v1/runs/:id/transcript tells its work to those who may read the run", async () => {
    const { body } = await ask("Look");
    const path = `/api/v1/runs/${body.runId ?? ""}/transcript`;
    const told: [string, object][] = [
      ["started", { attempt: 1, workerId: "wrk_1" }],
      ["tool_call", { id: "a", tool: "shell", input: "ls" }],
      ["stdout", { text: "not told here" }],
      ["tool_result", { id: "a", ok: true, output: "a.txt" }],
      ["message", { role: "assistant", text: "One file." }],
    ];
    for (const [index, [kind, data]] of told.entries()) {
      await server.sql("INSERT INTO run_event (run_id, seq, kind, data) VALUES ($1, $2, $3, $4)", [
        body.runId,
        index + 2,
        kind,
        data,
      ]);
    }
    const read = await call("GET", path, user);
    expect(read).toMatchObject({
      status: 200,
      body: {
        runId: body.runId,
        state: "queued",
        agent: "default",
        question: "Look",
        answer: null,
        truncated: false,
        entries: [
          { kind: "started", attempt: 1 },
          { kind: "tool", tool: "shell", input: "ls", ok: true, output: "a.txt" },
          { kind: "message", text: "One file." },
        ],
      },
    });
    expect(await call("GET", path, admin)).toMatchObject({ status: 200 });
    const { token: other } = await server.token({ name: "other", role: "user", ownerId: "eve" });
    expect(await call("GET", path, other)).toMatchObject({ status: 404, body: { error: { code: "not_found" } } });
    expect(await call("GET", "/api/v1/runs/run_nothing/transcript", user)).toMatchObject({ status: 404 });
  });
});
