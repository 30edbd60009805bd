/** What members and operators see of runs, on the real database with the web process's rights. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { testLocks } from "../../tests/support/locks.ts";
import { startAuthServices, type AuthTestServices } from "../../tests/support/auth-services.ts";
import { openTestRunSeal } from "../../tests/support/run-seal.ts";
import type { ConsoleSession } from "#server/auth/session.ts";
import { createLiveStreams } from "#server/auth/index.ts";
import type { RunEventOutput } from "#server/runs/schema.ts";
import type { RunSeal, RunWatcher } from "#server/sandbox/index.ts";
import type { RunEvent } from "#server/sandbox/schema.ts";
import type { AppServices } from "#server/services.ts";
import { createCaller } from "#server/trpc/root.ts";

const SECRET = "print('for few eyes')";
let services: AuthTestServices;
let runSeal: RunSeal;

beforeAll(async () => {
  services = await startAuthServices();
  ({ runSeal } = await openTestRunSeal());
  const token = (id: string, ownerId: string, familyId: string) =>
    `('${id}', '${id}', '${ownerId}', 'user', '\\x${id}', 'p', 'aaaa', '${familyId}')`;
  await services.asOwner(
    `INSERT INTO token (id, name, owner_id, role_name, secret_hash, pepper_id, last4, family_id) VALUES
     ${token("aa", "mem_ana", "fam_ana")}, ${token("bb", "mem_bob", "fam_bob")}`,
  );
  for (const [id, family, minute, language] of [
    ["run_ana1", "fam_ana", 1, "python"],
    ["run_ana2", "fam_ana", 2, "sh"],
    ["run_bob1", "fam_bob", 3, "python"],
  ] as const) {
    await services.db.run.create({
      data: {
        id,
        language,
        code: runSeal.sealText("code", id, SECRET),
        principalId: `token:${family}`,
        tokenId: family,
        userId: family === "fam_ana" ? "ana" : "bob",
        roleName: "user",
        channel: "api",
        requestId: "req_x",
        createdAt: new Date(`2026-03-01T10:0${minute}:00Z`),
      },
    });
  }
});
afterAll(() => services.close());

/** Events that a watcher would give. */
const FOLLOWED = Array.from({ length: 3 }, (_, index): RunEvent => ({
  runId: "run_ana1",
  seq: index + 1,
  kind: "stdout",
  at: new Date(),
  data: { text: `line ${index}\n` },
}));

function callerFor(id: string, permissions: readonly string[]) {
  const session: ConsoleSession = {
    id: `session-${id}`,
    actor: { type: "member", id },
    memberId: id,
    name: id,
    email: `${id}@example.com`,
    role: "user",
    permissions,
    secondFactor: "verified",
    factorProven: true,
    steppedUpUntil: null,
    expiresAt: new Date(services.clock.time + 60_000),
    idleUntil: new Date(services.clock.time + 60_000),
  };
  const runs: Pick<RunWatcher, "follow"> = {
    async *follow(_runId, { afterSeq = 0 } = {}) {
      yield* FOLLOWED.filter(({ seq }) => seq > afterSeq);
    },
  };
  return createCaller({
    services: {
      ...services,
      runSeal,
      runs,
      live: createLiveStreams({ locks: testLocks() }, new AbortController().signal),
      config: { current: () => ({ config: { security: { fileSystem: { monitoring: { logFileAccess: true } } } } }) },
    } as unknown as AppServices,
    origin: { address: "192.0.2.7", requestId: "req_7", userAgent: null },
    session,
    reauthenticate: () => Promise.resolve(session),
  }).runs;
}
const ana = () => callerFor("mem_ana", ["runs:read", "runs:cancel"]);
const all = () => callerFor("mem_op", ["runs:*"]);
const idsOf = ({ runs }: { runs: { id: string }[] }): string[] => runs.map(({ id }) => id);
const notFound = { cause: { code: "NOT_FOUND" } };

test("a member sees the runs of their own tokens, newest first; read_all sees every run; nothing in a list is code", async () => {
  const own = await ana().list({});
  expect([idsOf(own), own.ownOnly]).toEqual([["run_ana2", "run_ana1"], true]);
  const every = await all().list({});
  expect([idsOf(every), every.ownOnly]).toEqual([["run_bob1", "run_ana2", "run_ana1"], false]);
  expect(JSON.stringify(every)).not.toContain("few eyes");
  expect(idsOf(await callerFor("mem_new", ["runs:read"]).list({}))).toEqual([]);
});

test("pages follow each other without gaps, and filters narrow them", async () => {
  const first = await all().list({ limit: 2 });
  const second = await all().list({ limit: 2, cursor: first.nextCursor });
  expect([...idsOf(first), ...idsOf(second)]).toEqual(["run_bob1", "run_ana2", "run_ana1"]);
  expect(second.nextCursor).toBeNull();
  expect(idsOf(await all().list({ language: "python", user: "ana" }))).toEqual(["run_ana1"]);
  expect(
    idsOf(await all().list({ since: new Date("2026-03-01T10:02:00Z"), until: new Date("2026-03-01T10:03:00Z") })),
  ).toEqual(["run_ana2"]);
  expect(idsOf(await all().list({ state: "failed" }))).toEqual([]);
  await expect(all().list({ cursor: "forged" })).rejects.toMatchObject({ cause: { code: "INVALID_INPUT" } });
});

test("another member's run is not found, by every procedure", async () => {
  const run = { runId: "run_bob1" };
  await expect(ana().byId(run)).rejects.toMatchObject(notFound);
  await expect(ana().code(run)).rejects.toMatchObject(notFound);
  await expect(ana().files(run)).rejects.toMatchObject(notFound);
  await expect(ana().file({ ...run, fileId: "fil_x" })).rejects.toMatchObject(notFound);
  await expect(ana().cancel(run)).rejects.toMatchObject(notFound);
  const events = (await ana().events(run))[Symbol.asyncIterator]();
  await expect(events.next()).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("one's own run: its program, its events in batches that resume, and whether it may be stopped", async () => {
  expect(await ana().code({ runId: "run_ana1" })).toEqual({ code: SECRET });
  expect(await ana().byId({ runId: "run_ana1" })).toMatchObject({
    run: { id: "run_ana1", grant: null },
    mayCancel: true,
  });
  expect(await callerFor("mem_ana", ["runs:read"]).byId({ runId: "run_ana1" })).toMatchObject({ mayCancel: false });
  const seqs: [string, number[]][] = [];
  // Called in this process, what is tracked comes as it was made and not as a browser gets it.
  const batches = (await ana().events({ runId: "run_ana1", lastEventId: "1" })) as unknown as AsyncIterable<
    [id: string, events: RunEventOutput[]]
  >;
  for await (const [id, events] of batches) {
    seqs.push([id, events.map(({ seq }) => seq)]);
  }
  expect(seqs).toEqual([["3", [2, 3]]]);
});

test("SBX-12 stopping a run is on record with who asked, and is told to the next who ask", async () => {
  expect(await ana().cancel({ runId: "run_ana2" })).toEqual({ outcome: "requested" });
  expect(await all().cancel({ runId: "run_ana2" })).toEqual({ outcome: "already_requested" });
  expect((await ana().byId({ runId: "run_ana2" })).run.cancelRequestedBy).toBe("member:mem_ana");
  expect((await services.recorded()).filter(({ event }) => event === "run.cancel_requested")).toMatchObject([
    { actorType: "member", address: "192.0.2.7" },
  ]);
});

test("FS-4 a file that is handed out is on record; a refused one says why there is none", async () => {
  await services.db.runFile.createMany({
    data: [
      {
        id: "fil_1",
        runId: "run_ana1",
        direction: "output",
        path: "out/a.txt",
        sizeBytes: 2n,
        verdict: "stored",
        content: new Uint8Array(runSeal.sealContent("fil_1", Buffer.from("hi"))),
      },
      {
        id: "fil_2",
        runId: "run_ana1",
        direction: "output",
        path: "b.sh",
        sizeBytes: 2n,
        verdict: "refused",
        reason: "extension",
      },
    ],
  });
  const { path, content } = await ana().file({ runId: "run_ana1", fileId: "fil_1" });
  expect([path, Buffer.from(content).toString()]).toEqual(["out/a.txt", "hi"]);
  await expect(ana().file({ runId: "run_ana1", fileId: "fil_2" })).rejects.toMatchObject(notFound);
  expect((await services.recorded()).filter(({ event }) => event === "file.accessed")).toMatchObject([
    { actorType: "member", data: { fileId: "fil_1", operation: "read" } },
  ]);
  expect((await ana().files({ runId: "run_ana1" })).files.map(({ verdict }) => verdict)).toEqual(["refused", "stored"]);
});

test("the engine's state is for those who see all runs", async () => {
  await expect(ana().engine()).rejects.toMatchObject({ cause: { code: "FORBIDDEN" } });
  expect(await all().engine()).toMatchObject({ queued: 3, running: 0, workers: [] });
});
