/** Encryption of stored runs as callers of the API meet it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callApi, type Called } from "../../tests/support/api-client.ts";
import { dumpDatabase, foundIn } from "../../tests/support/dump.ts";
import { announceEngine, startServer, type TestServer } from "../../tests/support/server.ts";

let server: TestServer;
let owner: Pool;
let token: string;

beforeAll(async () => {
  server = await startServer();
  await announceEngine(server);
  ({ token } = await server.token());
  owner = new Pool({ connectionString: server.database.ownerUrl, max: 1 });
});
afterAll(async () => {
  await owner.end();
  await server.stop();
});

const CANARY = "canary-4711";
const FILE = Buffer.from(`${CANARY} in a file`);

const send = async (code: string): Promise<string> => {
  const body = { text: `/run sh\n${code}`, files: [{ path: "in.txt", content: FILE.toString("base64") }] };
  const headers = { prefer: "respond-async" };
  const sent = await callApi(server.url, "/api/v1/messages", { method: "POST", token, headers, body });
  expect(sent.status).toBe(202);
  return sent.body?.runId ?? "";
};
const get = (path: string): Promise<Called> => callApi(server.url, `/api/v1/runs${path}`, { token });
const filePath = async (runId: string): Promise<string> => {
  const { body } = await get(`/${runId}/files`);
  return `/${runId}/files/${(body?.["files"] as { id: string }[])[0]?.id ?? ""}`;
};

/** As a worker without encryption left it. */
async function end(runId: string, stdout: string): Promise<void> {
  await server.sql("UPDATE run SET state = 'succeeded', reason = 'exit', exit_code = 0, stdout = $2 WHERE id = $1", [
    runId,
    stdout,
  ]);
}

test("DATA-1 what a message brings is nowhere in the database, and comes back whole", async () => {
  const runId = await send(`echo ${CANARY}`);
  expect(foundIn(await dumpDatabase(owner), [CANARY])).toEqual([]);
  expect((await get(await filePath(runId))).text).toBe(FILE.toString());
});

test("DATA-1 a value that was changed is an error with the request's id, on record once; everything else is served", async () => {
  const [broken, whole] = [await send("one"), await send("two")];
  await end(broken, "$ocg1$AAAA");
  await end(whole, "fine");
  const answers = [await get(`/${broken}`), await get(`/${broken}`), await get(`/${broken}/transcript`)];
  for (const { status, body, text: answered, requestId } of answers) {
    expect([status, body?.error?.code, body?.error?.requestId]).toEqual([500, "cannot_decrypt", requestId]);
    expect(answered).not.toContain("AAAA");
  }
  expect(await server.recorded("data.unreadable")).toMatchObject([{ data: { column: "run.stdout" } }]);
  expect(await server.events(answers[0]?.requestId ?? null)).toMatchObject([
    { event: "message.refused", reason: "cannot_decrypt" },
  ]);
  expect((await get(`/${whole}`)).body).toMatchObject({ stdout: "fine" });
  expect((await get("")).body?.["runs"]).toEqual(expect.arrayContaining([expect.objectContaining({ id: broken })]));
  expect((await get(await filePath(broken))).status).toBe(200);
});

test("DATA-1 a stream breaks off at an event that was changed, and says so", async () => {
  const runId = await send("three");
  await server.sql(`UPDATE run_event SET data = '{"sealed": "$ocg1$AAAA"}' WHERE run_id = $1 AND kind = 'file'`, [
    runId,
  ]);
  const { text: stream } = await get(`/${runId}/events`);
  expect(stream).toContain("event: queued");
  expect(stream).toContain('"code":"cannot_decrypt"');
  expect(stream).not.toContain("event: file");
});

test("DATA-1 with another master key the server does not start, and says why", async () => {
  const file = `${server.home.home}/another-key`;
  writeFileSync(file, "another-master-key-of-some-length", { mode: 0o600 });
  const child = spawn(process.execPath, ["server/main.ts", "--without-console"], {
    env: {
      ...process.env,
      OPENCLAW_HOME: server.home.home,
      OPENCLAW_PORT: "0",
      OPENCLAW_DATABASE_URL: server.database.appUrl,
      OPENCLAW_MASTER_KEY_FILE: file,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [said] = await Promise.all([text(child.stderr), once(child, "exit")]);
  expect([child.exitCode, said]).toEqual([
    1,
    expect.stringMatching(/^The master secret from .*another-key does not open the keyring .*\n$/),
  ]);
});
