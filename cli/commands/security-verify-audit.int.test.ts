/** Verification on the command line: every exit code, with and without keys, of database, files, exports and proofs. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { registerExportAudit } from "./security-export-audit.ts";
import { registerProveAudit } from "./security-prove-audit.ts";
import { registerVerifyAudit } from "./security-verify-audit.ts";
import { messageEvent } from "../../tests/support/audit.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { openTestSealer } from "../../tests/support/sealer.ts";
import { append, coverOf, emptyRange, leafHash, rootOf } from "#server/audit/proof/merkle.ts";
import { createAuditWriter } from "#server/audit/writer.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";

let cli: CliBench;
let written = 0;
let mirrorFile: string;
let checkpoints: string;

beforeAll(async () => {
  cli = await openCliBench((program, context) => {
    const security = program.command("security");
    registerVerifyAudit(security, context);
    registerProveAudit(security, context);
    registerExportAudit(security, context);
  });
  mirrorFile = join(cli.paths.logsDir, "audit.log");
  checkpoints = join(cli.paths.logsDir, "audit-checkpoints.txt");
  await seal(60);
  await seal(40);
});

afterAll(() => cli.close());

async function seal(count: number): Promise<void> {
  const pool = createPool({ connectionString: cli.database.appUrl, name: "test" });
  const writer = createAuditWriter({ pool, log: createLogger("test", "silent") });
  await writer.append(Array.from({ length: count }, (_, index) => messageEvent(written + index)));
  written += count;
  await writer.close();
  await pool.end();
  const { sealerUrl } = cli.database;
  const sealer = await openTestSealer({ connectionString: sealerUrl, keysDir: cli.paths.keysDir, mirrorFile });
  await sealer.close();
}

const verify = (...args: string[]) => cli.run("security", "verify-audit", ...args);
const json = ({ out }: { out: string[] }): unknown => JSON.parse(out.join("\n"));
const keyFile = (name: string): string => join(cli.paths.keysDir, name);
const file = (name: string): string => join(cli.paths.home, name);
const publicKey = (): string => readFileSync(keyFile("audit-public-key.txt"), "utf8").trim();
const notes = async (): Promise<string[]> =>
  (await cli.sql<{ note: string }>("SELECT note FROM audit_checkpoint ORDER BY seq")).map(({ note }) => note);

function write(name: string, content: string): string {
  writeFileSync(file(name), content);
  return file(name);
}

const tamper = (sql: string, table = "audit_event") =>
  cli.sql(`BEGIN; ALTER TABLE ${table} DISABLE TRIGGER USER; ${sql}; ALTER TABLE ${table} ENABLE TRIGGER USER; COMMIT`);

/** Does `work` without the file, which is put back. */
async function without(name: string, work: (moved: string) => Promise<void>): Promise<void> {
  const moved = file(`${name}.moved`);
  renameSync(keyFile(name), moved);
  try {
    await work(moved);
  } finally {
    renameSync(moved, keyFile(name));
  }
}

describe("openclaw security verify-audit", () => {
  test("AUD-4 0: says what is sound and what each key covers", async () => {
    const { out, exitCode } = await verify();
    expect([exitCode, out[0], out[1]]).toEqual([
      0,
      expect.stringMatching(/^Sound: 100 rows, each as it was sealed\. Head [0-9a-f]{64}$/),
      "Waiting for the sealer, not covered by this verdict: 0 batches of events.",
    ]);
    expect(out[2]).toBe("Checkpoints cover rows up to 100; 0 rows behind it are protected by the chain's key only.");
    expect(json(await verify("--json"))).toEqual({
      verdict: "sound",
      rows: 100,
      head: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      covered: 100,
      unbound: null,
      removed: 0,
      chained: true,
      waiting: 0,
    });
    await without("audit-verify.json", async (moved) => {
      const alone = await verify();
      expect([alone.exitCode, alone.out[2]]).toEqual([
        0,
        "Checked without the first key, by signed checkpoints alone: rows up to 100 are those that were signed; 0 rows behind it are not covered by this verdict.",
      ]);
      expect(json(await verify("--json", "--key", moved))).toMatchObject({ verdict: "sound", chained: true });
      await without("audit-public-key.txt", async (key) => {
        const { exitCode: none, err } = await verify();
        expect([none, err.at(-1)]).toEqual([4, expect.stringContaining("Name the file with --key")]);
        expect((await verify("--public-key", key)).exitCode).toBe(0);
      });
    });
  });

  test("AUD-4 4: keys that are missing, damaged or another record's", async () => {
    const other = "openclaw-gateway/00000000+9f20d8a5+AQ==";
    const foreign = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    for (const args of [
      ["--key", file("missing.json")],
      ["--key", write("bad.json", "{}")],
      ["--public-key", file("missing.txt")],
      ["--public-key", other],
      ["--public-key", foreign],
      ["--checkpoint", file("missing.txt")],
      ["--file", file("missing.log")],
    ]) {
      const { exitCode, err } = await verify(...args);
      expect([exitCode, err.length], args.join(" ")).toEqual([4, 1]);
    }
    expect(json(await verify("--json", "--public-key", foreign))).toMatchObject({ verdict: "unreadable" });
  });

  test("AUD-4 a checkpoint or a size kept elsewhere is held against the record", async () => {
    const [first = "", last = ""] = await notes();
    const kept = write("kept.txt", first);
    expect((await verify("--checkpoint", kept, "--expect-size", "100")).exitCode).toBe(0);
    expect((await verify("--checkpoint", write("crlf.txt", last.replaceAll("\n", "\r\n")))).exitCode).toBe(0);
    expect((await verify("--expect-size", "101", "--json")).exitCode).toBe(3);
    const forged = first.replace(/\n[A-Za-z0-9+/=]{44}\n/, `\n${Buffer.alloc(32).toString("base64")}\n`);
    const refused = await verify("--checkpoint", write("forged.txt", forged));
    expect([refused.exitCode, refused.err[0]]).toEqual([4, expect.stringContaining("changed after it was signed")]);
  });

  test("AUD-4 2 and 3: a changed row, a forged checkpoint, a cut end; a kept checkpoint tells of what the machine forgot", async () => {
    await cli.sql(
      "CREATE TABLE kept_event AS TABLE audit_event; CREATE TABLE kept_checkpoint AS TABLE audit_checkpoint",
    );
    const restore = async (): Promise<void> => {
      await tamper("TRUNCATE audit_event; INSERT INTO audit_event TABLE kept_event");
      await tamper("TRUNCATE audit_checkpoint; INSERT INTO audit_checkpoint TABLE kept_checkpoint", "audit_checkpoint");
    };
    await tamper("UPDATE audit_event SET user_id = 'mallory' WHERE seq = 7");
    expect([(await verify()).exitCode, json(await verify("--json"))]).toEqual([
      2,
      { verdict: "tampered", kind: "edited", seq: 7 },
    ]);
    await without("audit-verify.json", async () => {
      const { exitCode, out } = await verify();
      expect([exitCode, out[0]]).toEqual([2, expect.stringContaining("a row from 1 to 60 was changed")]);
    });
    await restore();
    await tamper(
      "UPDATE audit_checkpoint SET note = replace(note, E'\\n60\\n', E'\\n61\\n') WHERE seq = 60",
      "audit_checkpoint",
    );
    expect(json(await verify("--json"))).toEqual({ verdict: "tampered", kind: "checkpoint", seq: 60 });
    await restore();
    await tamper("DELETE FROM audit_event WHERE seq > 70");
    expect([(await verify()).exitCode, json(await verify("--json"))]).toEqual([
      3,
      { verdict: "truncated", kind: "truncated", seq: 71 },
    ]);

    // With the machine in his hands, somebody turns everything back to row 60. Only what was kept elsewhere tells.
    const [, last = ""] = await notes();
    const kept = write("newest.txt", last);
    const [log, list, state] = [mirrorFile, checkpoints, keyFile("audit-sealer.json")].map((name) =>
      readFileSync(name, "utf8"),
    );
    await tamper("DELETE FROM audit_event WHERE seq > 60");
    await tamper("DELETE FROM audit_checkpoint WHERE seq > 60", "audit_checkpoint");
    rmSync(mirrorFile);
    rmSync(checkpoints);
    rmSync(keyFile("audit-sealer.json"));
    expect((await verify()).exitCode).toBe(0);
    expect((await verify("--checkpoint", kept)).exitCode).toBe(3);
    expect((await verify("--expect-size", "100")).exitCode).toBe(3);
    writeFileSync(mirrorFile, log ?? "");
    writeFileSync(checkpoints, list ?? "");
    writeFileSync(keyFile("audit-sealer.json"), state ?? "");
    await restore();
    expect((await verify()).exitCode).toBe(0);
  });

  test("AUD-4 files of the record, at home and taken elsewhere", async () => {
    expect(json(await verify("--json", "--file", mirrorFile))).toMatchObject({
      rows: 100,
      covered: 100,
      from: 1,
      chained: true,
    });
    const lines = readFileSync(mirrorFile, "utf8").trimEnd().split("\n");
    const away = write("audit.log", `${lines.join("\n")}\n`);
    await without("audit-verify.json", async (key) => {
      const alone = await verify("--file", away);
      expect([alone.exitCode, alone.err[0]]).toEqual([4, expect.stringContaining("Name the key file with --key")]);
      writeFileSync(file("audit-checkpoints.txt"), readFileSync(checkpoints));
      expect((await verify("--file", away)).exitCode).toBe(0);
      expect((await verify("--file", away, "--key", key)).exitCode).toBe(0);
      write("audit.log", `${lines.with(20, lines[20]?.replace('"ok"', '"no"') ?? "").join("\n")}\n`);
      expect(json(await verify("--json", "--file", away))).toEqual({
        verdict: "tampered",
        kind: "edited",
        seq: 1,
        upTo: 60,
      });
      expect(json(await verify("--json", "--file", away, "--key", key))).toEqual({
        verdict: "tampered",
        kind: "edited",
        seq: 21,
      });
      write("audit.log", `${lines.slice(0, 90).join("\n")}\n`);
      expect((await verify("--file", away)).exitCode).toBe(3);
      // From the middle of the record on: the chain holds all but the first row, the tree cannot be built.
      write("audit.log", `${lines.slice(30).join("\n")}\n`);
      expect((await verify("--file", away)).exitCode).toBe(4);
      expect(json(await verify("--json", "--file", away, "--key", key))).toMatchObject({
        from: 31,
        unbound: 31,
        covered: 0,
      });
    });
  });
});

/** An export as its format is described, written here once more. */
async function exportOf(wanted: (seq: number) => boolean): Promise<string> {
  const lines = readFileSync(mirrorFile, "utf8").trimEnd().split("\n");
  const [, note = ""] = await notes();
  const elements: string[] = [];
  for (let seq = 1; seq <= lines.length;) {
    let end = seq;
    for (; end <= lines.length && !wanted(end); end += 1);
    if (end > seq) {
      const subtrees = coverOf(seq - 1, end - 1).map(([start, level]) => {
        const range = emptyRange();
        lines.slice(start, start + 2 ** level).forEach((line) => append(range, leafHash(line)));
        return { level, root: rootOf(range).toString("base64") };
      });
      elements.push(JSON.stringify({ omitted: { from: seq, to: end - 1, subtrees } }));
      seq = end;
    } else {
      elements.push(lines[seq - 1] ?? "");
      seq += 1;
    }
  }
  const [record = ""] = note.split("\n");
  const header = {
    format: "openclaw-audit-export/1",
    record,
    generatedAt: "2026-01-01T00:00:00.000Z",
    filter: {},
    from: 1,
    to: lines.length,
  };
  const proof = { size: lines.length, head: "", checkpoints: [note], publicKey: publicKey(), tail: [] };
  return `${JSON.stringify(header).slice(0, -1)},"records":[\n${elements.join(",\n")}\n],"proof":${JSON.stringify(proof)}}\n`;
}

describe("openclaw security verify-audit --file EXPORT", () => {
  test("AUD-9 the public key alone proves a whole and a filtered export; every change shows", async () => {
    const elsewhere = publicKey();
    await without("audit-verify.json", async () => {
      await without("audit-public-key.txt", async () => {
        for (const wanted of [() => true, (seq: number) => seq % 7 === 0, (seq: number) => seq > 40, () => false]) {
          const text = await exportWith(elsewhere, wanted);
          const exported = write("export.json", text);
          const none = await verify("--file", exported);
          expect([none.exitCode, none.err[0]]).toEqual([4, expect.stringContaining("--public-key")]);
          const sound = await verify("--file", exported, "--public-key", elsewhere, "--json");
          const held = Array.from({ length: 100 }, (_, index) => index + 1).filter(wanted).length;
          expect([sound.exitCode, json(sound)]).toEqual([
            0,
            expect.objectContaining({ covered: 100, held, omitted: 100 - held }),
          ]);
          const changed = [
            text.replace('"outcome":"ok"', '"outcome":"no"'),
            text.replace(/"root":"./, '"root":"/'),
            text.replace(/\n\{"actorId[^\n]*/, ""),
          ].filter((version) => version !== text);
          for (const version of changed) {
            const verdict = await verify("--file", write("changed.json", version), "--public-key", elsewhere);
            expect(verdict.exitCode).toBe(2);
          }
          const cut = await verify("--file", write("cut.json", text.slice(0, -60)), "--public-key", elsewhere);
          expect([cut.exitCode, cut.err[0]]).toEqual([4, expect.stringContaining("cut off")]);
        }
      });
    });
  });

  /** The home's own key is away. */
  async function exportWith(key: string, wanted: (seq: number) => boolean): Promise<string> {
    writeFileSync(keyFile("audit-public-key.txt"), key);
    try {
      return await exportOf(wanted);
    } finally {
      rmSync(keyFile("audit-public-key.txt"));
    }
  }

  test("AUD-9 what export-audit writes is proven, whole and filtered", async () => {
    for (const filter of [[], ["--event", "message.received", "--last", "1h"], ["--event", "token.created"]]) {
      const exported = file("written.json");
      rmSync(exported, { force: true });
      const { exitCode, err } = await cli.run(
        "security",
        "export-audit",
        "--format",
        "json",
        "--out",
        exported,
        ...filter,
      );
      expect([exitCode, err.at(-1)]).toEqual([0, expect.anything()]);
      const verdict = await verify("--json", "--file", exported);
      expect([verdict.exitCode, json(verdict)]).toEqual([
        0,
        expect.objectContaining({ verdict: "sound", unbound: null }),
      ]);
    }
  });

  test("AUD-9 with the first key a bad row of a whole export is named", async () => {
    const text = (await exportOf(() => true)).replace(/(?<="seq":32,[^\n]*)"user3"/, '"mallory"');
    const named = await verify("--json", "--file", write("export.json", text));
    expect(named.exitCode).toBe(2);
    expect(json(named)).toEqual({ verdict: "tampered", kind: "edited", seq: 32 });
  });
});

describe("openclaw security prove-audit", () => {
  test("AUD-4 connects an older checkpoint with a newer one, and verifies with the public key alone", async () => {
    const [first = "", last = ""] = await notes();
    const from = write("from.txt", first);
    const { out, exitCode } = await cli.run("security", "prove-audit", "--from", from);
    expect(exitCode).toBe(0);
    const proof = JSON.parse(out.join("\n")) as { old: string; new: string; hashes: string[] };
    expect(proof).toMatchObject({ old: first, new: last });
    const key = publicKey();
    await without("audit-public-key.txt", async () => {
      const sound = await verify("--proof", write("proof.json", JSON.stringify(proof)), "--public-key", key, "--json");
      expect([sound.exitCode, json(sound)]).toEqual([0, { verdict: "sound", older: 60, newer: 100 }]);
      const forged = { ...proof, hashes: proof.hashes.with(0, Buffer.alloc(32, 1).toString("base64")) };
      expect(
        (await verify("--proof", write("forged.json", JSON.stringify(forged)), "--public-key", key)).exitCode,
      ).toBe(2);
      expect((await verify("--proof", write("none.json", "{}"), "--public-key", key)).exitCode).toBe(4);
    });
    const exchanged = await cli.run("security", "prove-audit", "--from", write("to.txt", last), "--to", from);
    expect([exchanged.exitCode, exchanged.err[0]]).toEqual([2, expect.stringContaining("Exchange them")]);
  });

  test("AUD-4 no proof comes out of a changed record", async () => {
    const [first = ""] = await notes();
    await tamper("UPDATE audit_event SET user_id = 'mallory' WHERE seq = 33");
    const { exitCode, err } = await cli.run("security", "prove-audit", "--from", write("from.txt", first));
    expect([exitCode, err[0]]).toEqual([2, expect.stringContaining("it was changed")]);
  });
});
