/** `openclaw runs approve`, against a real database. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { registerRuns } from "./runs.ts";
import { sealContent } from "#server/approvals/content.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { openTestKeyring } from "../../tests/support/keyring.ts";

let bench: CliBench;
let hash: string;
beforeAll(async () => {
  bench = await openCliBench(registerRuns);
  const keyring = await openTestKeyring(bench.paths.keysDir);
  const content = {
    command: "run",
    language: "sh" as const,
    code: "echo \u202ehi",
    profile: "careful",
    agent: null,
    model: null,
    outputs: [],
    conversationId: null,
    history: [],
    files: [],
  };
  const principal = JSON.stringify({
    id: "token:x",
    kind: "token",
    tokenId: "tok_x",
    ownerId: "x",
    name: "x",
    role: "user",
    scopes: ["*"],
    channels: ["*"],
    boundUserId: null,
  });
  const sealed = sealContent(keyring, "apr_one", content);
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  hash = hex(sealed.sha256).slice(0, 8);
  await bench.sql(
    `INSERT INTO run_approval (id, content, sha256, profile, language, principal, principal_id, channel, request_id, expires_at)
     VALUES ('apr_one', '\\x${hex(sealed.content)}', '\\x${hex(sealed.sha256)}', 'careful', 'sh', '${principal}', 'token:x', 'api', 'req_1',
       now() + interval '1 hour')`,
  );
});
afterAll(() => bench.close());

it("lists, shows with everything visible, and approves what was shown, once", async () => {
  expect((await bench.run("runs", "approvals")).out.join("\n")).toMatch(/apr_one +sh +careful/);
  const shown = await bench.run("runs", "approve", "apr_one");
  expect(shown.out).toEqual(["echo ⟨U+202E⟩hi"]);
  expect(shown.err.join("\n")).toContain(`approve apr_one ${hash}`);
  const other = hash === "00000000" ? "00000001" : "00000000";
  expect(await bench.run("runs", "approve", "apr_one", other)).toMatchObject({ exitCode: 1 });
  expect(await bench.run("runs", "approve", "apr_one", "zz")).toMatchObject({ exitCode: 2 });
  expect(await bench.run("runs", "approve", "apr_none", hash)).toMatchObject({ exitCode: 3 });
  expect(await bench.run("runs", "approve", "apr_one", hash)).toMatchObject({ exitCode: 0 });
  expect(await bench.run("runs", "refuse", "apr_one", hash)).toMatchObject({
    exitCode: 1,
    err: [expect.stringMatching(/waits no more/)],
  });
  expect(await bench.sql("SELECT state, decided_by FROM run_approval")).toEqual([
    { state: "approved", decided_by: "operator:cli" },
  ]);
});
