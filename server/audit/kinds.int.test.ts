/** What a real server and a real worker put on record of what people do: every kind, every id, and nothing that is not listed. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callApi, say } from "../../tests/support/api-client.ts";
import { announceEngine, startServer, type TestServer } from "../../tests/support/server.ts";
import { connect } from "../../tests/support/websocket.ts";
import { EVENT_TEXTS } from "#server/audit/catalogue/index.ts";
import type { AuditBatchEntry } from "#server/audit/entry.ts";
import { isAuditEvent, meaningOf } from "#server/audit/events.ts";
import { AUDIT_KINDS, SECURITY_KINDS, type AuditKind } from "#server/audit/schema.ts";
import { childEnvironment } from "#server/core/env.ts";

const ALWAYS: readonly AuditKind[] = ["authentication", "authentication_failure", "config_changes"];
/** Apart from the others: whose wrong tokens are counted must not keep the right ones waiting. */
const STRANGER = "127.0.0.9";
const WIDE = "{ windowMs: 900000, maxRequests: 100000 }";
const everything = 'permissions: ["*"], channels: ["*"]';
const config = (audit: readonly string[], security: readonly string[], more = ""): string => `{
  logging: { audit: { events: ${JSON.stringify(audit)} }, security: { events: ${JSON.stringify(security)} } },
  security: {
    authorization: { roles: { admin: { ${everything}, commands: ["*"] }, user: { ${everything}, commands: ["help"] } } },
    rateLimit: { perUser: ${WIDE}, perChannel: ${WIDE}, global: ${WIDE}, commandLimits: { status: { windowMs: 900000, maxRequests: 1 } } },
    ${more}
  },
}`;

/** Everything on record; no sealer runs here, so it all waits in the intake. */
async function record(server: TestServer): Promise<AuditBatchEntry[]> {
  const rows = await server.sql<{ events: string }>("SELECT events FROM audit_intake ORDER BY id");
  return rows.flatMap(({ events }) => JSON.parse(events) as AuditBatchEntry[]);
}

/** Resolves once an event is on record; the test's own time limit ends a wait in vain. */
async function appears(server: TestServer, event: string): Promise<void> {
  while (!(await record(server)).some((entry) => entry.event === event)) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A finding of the file policy. */
const PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----";

const kindOf = ({ event }: AuditBatchEntry): AuditKind | null => (isAuditEvent(event) ? meaningOf(event).kind : null);

interface Done {
  token: { id: string; token: string };
  /** Request ids by what was done. */
  ids: Record<
    "allowed" | "denied" | "wrong" | "limited" | "unknown" | "run" | "suspicious" | "explained" | "minted",
    string
  >;
  runId: string;
}

/** One of everything that a caller can do. */
async function doEverything(server: TestServer): Promise<Done> {
  const { url } = server;
  await announceEngine(server);
  const token = await server.token();
  const limitedRole = await server.token({ role: "user" });
  const post = (path: string, body: object) => callApi(url, path, { method: "POST", token: token.token, body });
  const file = (path: string, content: Buffer | string) => ({ path, content: Buffer.from(content).toString("base64") });
  const program = { language: "python", code: "print(1)", channel: "api" };

  const allowed = await say(url, token.token);
  const denied = await say(url, limitedRole.token, "/run python\nprint(1)");
  const wrong = await callApi(url, "/api/v1/whoami", { token: "nobody-knows-this-token", from: STRANGER });
  await say(url, token.token, "/status");
  const limited = await say(url, token.token, "/status");
  const unknown = await say(url, token.token, "/nothing");
  const run = await callApi(url, "/api/v1/runs", {
    method: "POST",
    token: token.token,
    headers: { prefer: "respond-async" },
    body: { ...program, files: [file("a.txt", "one")] },
  });
  const suspicious = await post("/api/v1/runs", {
    ...program,
    files: [file("id.txt", PRIVATE_KEY)],
  });
  const explained = await post("/api/v1/explain", { channel: "api", command: "help", user: "ada" });
  const minted = await post("/api/v1/tokens", { name: "another", role: "user" });
  const socket = await connect(url, { token: token.token });
  await socket.take("ready");
  socket.ws.close();
  await socket.closed;
  const statuses = [allowed, denied, wrong, limited, unknown, run, suspicious, explained, minted].map(
    ({ status }) => status,
  );
  expect(statuses).toEqual([200, 403, 401, 429, 404, 202, 400, 200, 201]);
  const ids = { allowed, denied, wrong, limited, unknown, run, suspicious, explained, minted };
  return {
    token,
    ids: Object.fromEntries(Object.entries(ids).map(([name, { requestId }]) => [name, requestId])) as Done["ids"],
    runId: String(run.body?.runId),
  };
}

/** A worker that reaches no engine, which is enough to end a run that waits. */
async function startWorker(server: TestServer): Promise<() => Promise<void>> {
  const worker = fork("sandbox-worker/main.ts", [], {
    env: childEnvironment({
      OPENCLAW_HOME: server.home.home,
      OPENCLAW_DATABASE_URL: server.database.workerUrl,
      OPENCLAW_LOG_LEVEL: "silent",
      DOCKER_HOST: "unix:///nowhere/docker.sock",
    }),
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  await once(worker, "message");
  return async () => {
    const ended = once(worker, "exit");
    worker.kill("SIGTERM");
    await ended;
  };
}

describe("AUD-2, AUD-5 what a gateway records when everything is listed", () => {
  let server: TestServer;
  let done: Done;
  let all: AuditBatchEntry[];
  const of = (requestId: string) => all.filter((entry) => entry.correlationId === requestId);

  beforeAll(async () => {
    server = await startServer(config(AUDIT_KINDS, SECURITY_KINDS));
    done = await doEverything(server);
    const cancelled = await callApi(server.url, `/api/v1/runs/${done.runId}`, {
      method: "DELETE",
      token: done.token.token,
    });
    expect(cancelled.status).toBe(202);
    const stopWorker = await startWorker(server);
    await appears(server, "run.ended");
    await stopWorker();
    writeFileSync(
      server.home.configFile,
      config(AUDIT_KINDS, SECURITY_KINDS, 'fileSystem: { restrictions: { maxFileSize: "5MB" } }'),
    );
    await appears(server, "config.changed");
    all = await record(server);
  });
  afterAll(() => server.stop());

  it("every kind that needs no hostile program appears", () => {
    const kinds = new Set(all.map(kindOf));
    expect([...AUDIT_KINDS, ...SECURITY_KINDS].filter((kind) => !kinds.has(kind))).toEqual(["sandbox_escape"]);
  });

  it("each event of a request names caller, token, address, request and what it belongs to", () => {
    for (const [what, requestId] of Object.entries(done.ids)) {
      const entries = of(requestId);
      expect(entries, what).not.toEqual([]);
      for (const entry of entries.filter(({ actorType }) => actorType !== "worker")) {
        expect(entry, what).toMatchObject({ requestId, address: what === "wrong" ? STRANGER : "127.0.0.1" });
        expect([entry.actorType, typeof entry.tokenId], what).toEqual(
          what === "wrong" ? ["anonymous", "undefined"] : ["token", "string"],
        );
      }
    }
  });

  it.each([
    ["denied", "access.denied", "command_not_in_role", "security.authorization.roles.user.commands"],
    ["limited", "limit.exceeded", "rate_limited", "security.rateLimit.commandLimits.status"],
    ["wrong", "auth.token_rejected", "malformed", undefined],
    ["unknown", "message.refused", "unknown_command", undefined],
    ["suspicious", "file.suspicious", "content_suspicious", undefined],
    ["explained", "policy.explained", "allowed", "security.authorization.roles.admin.commands"],
  ] as const)("%s: reason and rule", (what, event, reason, because) => {
    const entry = of(done.ids[what]).find((one) => one.event === event);
    expect(entry).toMatchObject({ reason, ...(because === undefined ? {} : { because }) });
  });

  it("one id joins everything of one message, in the worker too", () => {
    const events = of(done.ids.run);
    expect(events.map(({ event }) => event)).toEqual(
      expect.arrayContaining(["message.received", "run.queued", "file.accessed", "message.replied", "run.ended"]),
    );
    expect(events.find(({ event }) => event === "run.ended")).toMatchObject({
      actorType: "worker",
      tokenId: done.token.id,
      target: done.runId,
    });
  });

  it("a change of the configuration names the keys, not the values", () => {
    const changed = all.find(({ event }) => event === "config.changed");
    expect(changed).toMatchObject({
      target: server.home.configFile,
      data: { paths: ["security.fileSystem.restrictions.maxFileSize"] },
    });
  });

  it("nothing is in the data of any event that the catalogue does not describe", () => {
    const strange = all.flatMap(({ event, data }) => {
      const known = isAuditEvent(event) ? Object.keys(EVENT_TEXTS[event].fields) : [];
      return Object.keys(data ?? {})
        .filter((field) => !known.includes(field))
        .map((field) => `${event} data.${field}`);
    });
    expect([...new Set(strange)]).toEqual([]);
  });
});

describe("AUD-2, AUD-5 what it records when nothing is listed", () => {
  it("management and authentication events only, in every process", async () => {
    const server = await startServer(config([], []));
    try {
      const done = await doEverything(server);
      await callApi(server.url, `/api/v1/runs/${done.runId}`, { method: "DELETE", token: done.token.token });
      const stopWorker = await startWorker(server);
      await expect
        .poll(() => server.sql("SELECT 1 FROM run WHERE state = 'cancelled'"), { timeout: 20_000 })
        .toHaveLength(1);
      await stopWorker();
      const all = await record(server);
      const own = all.filter(({ actorId }) => actorId !== "test");
      expect([...new Set(own.map(kindOf))].sort()).toEqual([...ALWAYS].sort());
      const events = own.map(({ event }) => event);
      expect(events).toEqual(
        expect.arrayContaining(["auth.token_rejected", "websocket.opened", "token.created", "config.loaded"]),
      );
    } finally {
      await server.stop();
    }
  });

  it("one kind listed is one kind more", async () => {
    const server = await startServer(config(["message_send"], ["rate_limit_exceeded"]));
    try {
      await doEverything(server);
      const kinds = new Set((await record(server)).map(kindOf));
      expect([...kinds].sort()).toEqual([...ALWAYS, "message_send", "rate_limit_exceeded"].sort());
    } finally {
      await server.stop();
    }
  });
});

describe("AUD-2, AUD-5 faults and floods", () => {
  let server: TestServer;
  let token: { id: string; token: string };
  beforeAll(async () => {
    server = await startServer(config(AUDIT_KINDS, SECURITY_KINDS));
    token = await server.token();
  });
  afterAll(() => server.stop());

  it("a request that the gateway itself fails on is a system.error, without the error's text", async () => {
    await server.sql("ALTER TABLE run RENAME TO run_elsewhere");
    const failed = await callApi(server.url, "/api/v1/runs", { token: token.token });
    await server.sql("ALTER TABLE run_elsewhere RENAME TO run");
    expect(failed.status).toBe(500);
    expect((await record(server)).filter(({ requestId }) => requestId === failed.requestId)).toMatchObject([
      {
        event: "system.error",
        outcome: "failed",
        reason: "request_failed",
        target: "GET /api/v1/runs",
        tokenId: token.id,
        data: { error: "PrismaClientKnownRequestError", count: 1 },
      },
    ]);
  });

  it.each([
    ["access.denied", 403, "/run python\nprint(1)"],
    ["limit.exceeded", 429, "/status"],
    ["message.refused", 404, "/nothing"],
  ])("a flood of %s is few records, and none of it is uncounted", async (event, status, text) => {
    const caller = await server.token({ role: event === "access.denied" ? "user" : "admin" });
    if (status === 429) {
      await say(server.url, caller.token, text);
    }
    const answers = await Promise.all(Array.from({ length: 200 }, () => say(server.url, caller.token, text)));
    expect(answers.filter((answer) => answer.status === status)).toHaveLength(200);
    const records = (await record(server)).filter((entry) => entry.event === event && entry.tokenId === caller.id);
    expect(records.reduce((sum, { data }) => sum + Number(data?.["count"]), 0)).toBe(200);
    expect(records.length).toBeLessThan(100);
  });
});
