/**
 * The tamper trial: a thousand random edits of records, their files, checkpoints and removals, each of which has to be found, and as many
 * verifications of records that nobody touched, none of which may raise an alarm. Most run on rows in memory through the same functions that
 * verify the database; a part goes through the real one. Seeded: a failure names the edit that brings it back.
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  advance,
  canonicalRow,
  startChain,
  type ChainHead,
  type ChainRow,
  type SealedRow,
} from "#server/audit/chain.ts";
import { originOf, signCheckpoint } from "#server/audit/proof/checkpoint.ts";
import type { StoredNote } from "#server/audit/proof/checkpoint-store.ts";
import { append, copyRange, emptyRange, leafHash, type Range } from "#server/audit/proof/merkle.ts";
import { mirrorLine } from "#server/audit/mirror.ts";
import { readRemoval, signRemoval } from "#server/audit/proof/removal.ts";
import { noteKey, rawPublicKey, type NoteSigner } from "#server/audit/proof/signing-note.ts";
import { readBase } from "#server/audit/proof/verify-base.ts";
import { readVerifyKeys } from "#server/audit/proof/verify-commands.ts";
import { verifyFile } from "#server/audit/proof/verify-file.ts";
import { rowItem, type Item } from "#server/audit/proof/verify-items.ts";
import { trustedRoots } from "#server/audit/proof/verify-roots.ts";
import { Unsound, verifyItems, type Verdict } from "#server/audit/proof/verify.ts";
import { isAppError } from "#server/core/errors.ts";
import { openRecordBench, type RecordBench } from "../../../tests/support/record-bench.ts";

const SEED = 20_261_125;
const EDITS = 1_000;
/** Of those, on a real database and real files. */
const SQL_EDITS = 60;
/** Edits are of one of so many records. 97 is prime to the number of kinds, so that each kind meets each record. */
const RECORDS = 97;

/** mulberry32: small, and the same everywhere. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const between = (random: () => number, low: number, high: number): number =>
  low + Math.floor(random() * (high - low + 1));

/** A record as it lies in database and files. */
interface RecordCopy {
  rows: SealedRow[];
  checkpoints: StoredNote[];
  copies: string[];
  removals: StoredNote[];
}

interface Trial extends RecordCopy {
  firstKey: Buffer;
  signer: NoteSigner;
  head: ChainHead;
}

function newSigner(): NoteSigner {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = rawPublicKey(publicKey);
  return { ...noteKey(originOf(raw), raw), privateKey };
}

function rowOf(seq: number, random: () => number): ChainRow {
  return {
    actorId: `tok_${between(random, 1, 9)}`,
    actorType: "token",
    address: random() < 0.3 ? undefined : "127.0.0.1",
    at: new Date(1_790_000_000_000 + seq * 997).toISOString(),
    because: undefined,
    channel: "api",
    code: "OCM001I",
    correlationId: undefined,
    data: { n: seq, text: "ä".repeat(between(random, 0, 5)), nested: { b: [1, null] } },
    event: "message.received",
    kind: "message_receive",
    outcome: "ok",
    reason: "allowed",
    requestId: `req_${seq}`,
    seq,
    severity: "info",
    target: undefined,
    tokenId: "abc",
    userId: `user${between(random, 1, 5)}`,
  };
}

/** 30 to 70 rows with checkpoints at random places, the first rows removed in half of the records. */
function makeTrial(random: () => number, signer: NoteSigner): Trial {
  const firstKey = Buffer.from(Array.from({ length: 32 }, () => between(random, 0, 255)));
  const length = between(random, 30, 70);
  let state = startChain(firstKey);
  const range = emptyRange();
  const rows: SealedRow[] = [];
  const ranges: Range[] = [];
  const checkpoints: StoredNote[] = [];
  for (let seq = 1; seq <= length; seq += 1) {
    const row = rowOf(seq, random);
    state = advance(state, canonicalRow(row));
    const sealed = { row, hash: state.hash };
    rows.push(sealed);
    append(range, leafHash(mirrorLine(sealed)));
    ranges.push(copyRange(range));
    if (random() < 0.05 || seq === 12 || seq === length - 3) {
      checkpoints.push({ seq, note: signCheckpoint(range, signer).note });
    }
  }
  const head = { seq: length, hash: state.hash };
  const trial = {
    rows,
    checkpoints,
    copies: checkpoints.map(({ note }) => note),
    removals: [],
    firstKey,
    signer,
    head,
  };
  return random() < 0.5 ? trial : { ...trial, ...removeUpTo(trial, 12, ranges, signer) };
}

function removeUpTo({ rows }: RecordCopy, to: number, ranges: readonly Range[], signer: NoteSigner) {
  const [last, range] = [rows[to - 1], ranges[to - 1]];
  if (last === undefined || range === undefined) {
    throw new RangeError("no such row");
  }
  return {
    rows: rows.slice(to),
    removals: [{ seq: to, note: signRemoval({ from: 1, to, hash: last.hash, range }, signer) }],
  };
}

async function* batches(rows: readonly SealedRow[]): AsyncGenerator<Item[]> {
  for (let index = 0; index < rows.length; index += 50) {
    yield rows.slice(index, index + 50).map(rowItem);
  }
}

async function* each<T>(list: readonly T[]): AsyncGenerator<T> {
  yield* list;
}

/** What `verifyRecord` does with what it has read. */
async function verify(trial: Trial, withKey: boolean): Promise<Verdict> {
  const { rows, checkpoints, copies, removals, signer, firstKey, head } = trial;
  try {
    const base = readBase(removals, signer);
    return await verifyItems(batches(rows), {
      firstKey: withKey ? firstKey : null,
      base: base ?? undefined,
      heads: [head],
      roots: trustedRoots({ key: signer, stored: each(checkpoints), copies: each(copies) }),
    });
  } catch (error) {
    if (error instanceof Unsound) {
      return error.verdict;
    }
    throw error;
  }
}

type Edit = (trial: Trial, random: () => number, place: number) => RecordCopy;

const at = <T>(list: readonly T[], index: number): T => {
  const item = list[index];
  if (item === undefined) {
    throw new RangeError(`no item ${index}`);
  }
  return item;
};
const renumber = (trial: Trial, rows: readonly SealedRow[]): SealedRow[] =>
  rows.map((sealed, index) => ({ ...sealed, row: { ...sealed.row, seq: at(trial.rows, 0).row.seq + index } }));
const FIELDS = ["actorId", "event", "at", "userId", "reason", "severity", "requestId", "outcome"] as const;
const flip = (note: string, place: number): string => {
  const lines = note.split("\n");
  const line = lines[place] ?? "";
  const index = Math.max(0, line.length - 6);
  return lines
    .with(place, `${line.slice(0, index)}${line[index] === "A" ? "B" : "A"}${line.slice(index + 1)}`)
    .join("\n");
};
const pick = <T>(list: readonly T[], random: () => number): T => at(list, between(random, 0, list.length - 1));

/** Every one leaves something behind that is not what was sealed. `place` is the index of a row. */
const EDITS_OF: Record<string, Edit> = {
  "row changed": (trial, random, place) => {
    const sealed = at(trial.rows, place);
    const field = pick(FIELDS, random);
    return {
      ...trial,
      rows: trial.rows.with(place, { ...sealed, row: { ...sealed.row, [field]: `${sealed.row[field]}!` } }),
    };
  },
  "data changed": (trial, _random, place) => {
    const sealed = at(trial.rows, place);
    return { ...trial, rows: trial.rows.with(place, { ...sealed, row: { ...sealed.row, data: { n: -1 } } }) };
  },
  "hash changed": (trial, _random, place) => ({
    ...trial,
    rows: trial.rows.with(place, { ...at(trial.rows, place), hash: randomBytes(32) }),
  }),
  "row deleted": (trial, random, place) => {
    const rows = trial.rows.toSpliced(place, between(random, 1, 3));
    return { ...trial, rows: random() < 0.5 ? rows : renumber(trial, rows) };
  },
  "rows swapped": (trial, random, place) => {
    const other = (place + between(random, 1, trial.rows.length - 1)) % trial.rows.length;
    const rows = trial.rows.with(place, at(trial.rows, other)).with(other, at(trial.rows, place));
    return { ...trial, rows: random() < 0.5 ? rows : renumber(trial, rows) };
  },
  "row inserted": (trial, random, place) => {
    const row = rowOf(at(trial.rows, place).row.seq, random);
    const rows = trial.rows.toSpliced(place, 0, { row, hash: randomBytes(32) });
    return { ...trial, rows: random() < 0.3 ? rows : renumber(trial, rows) };
  },
  "tail cut": (trial, random) => ({ ...trial, rows: trial.rows.slice(0, -between(random, 1, trial.rows.length - 1)) }),
  "tail and checkpoints cut": (trial, random) => {
    const rows = trial.rows.slice(0, -between(random, 1, trial.rows.length - 1));
    const end = rows.at(-1)?.row.seq ?? 0;
    const checkpoints = trial.checkpoints.filter(({ seq }) => seq <= end);
    return { ...trial, rows, checkpoints, copies: checkpoints.map(({ note }) => note) };
  },
  "chain recomputed without the key": (trial, random, place) => {
    let state = { ...startChain(randomBytes(32)), hash: place > 0 ? at(trial.rows, place - 1).hash : randomBytes(32) };
    const rows = trial.rows.slice(place).map(({ row }, index) => {
      const forged = index === 0 ? { ...row, userId: `mallory${random()}` } : row;
      state = advance(state, canonicalRow(forged));
      return { row: forged, hash: state.hash };
    });
    return { ...trial, rows: [...trial.rows.slice(0, place), ...rows] };
  },
  "checkpoint changed": (trial, random) => {
    const index = between(random, 0, trial.checkpoints.length - 1);
    const { seq, note } = at(trial.checkpoints, index);
    return { ...trial, checkpoints: trial.checkpoints.with(index, { seq, note: flip(note, pick([0, 2, 4], random)) }) };
  },
  "checkpoint of another tree": (trial, random) => {
    // The stated bound: of rows that were removed, a checkpoint is all that is left to compare with.
    const first = trial.checkpoints.findIndex(({ seq }) => seq >= (trial.removals[0]?.seq ?? 0));
    const index = between(random, first, trial.checkpoints.length - 1);
    const { seq } = at(trial.checkpoints, index);
    const range = emptyRange();
    for (let leaf = 0; leaf < seq; leaf += 1) {
      append(range, randomBytes(32));
    }
    // Even with the true key: the machine's signature does not make another history true.
    const note = signCheckpoint(range, trial.signer).note;
    const copies = random() < 0.5 ? trial.copies.with(index, note) : trial.copies;
    return { ...trial, checkpoints: trial.checkpoints.with(index, { seq, note }), copies };
  },
  "checkpoint moved": (trial, random) => {
    const index = between(random, 0, trial.checkpoints.length - 1);
    const moved = { ...at(trial.checkpoints, index), seq: at(trial.checkpoints, index).seq + 1 };
    return { ...trial, checkpoints: trial.checkpoints.with(index, moved) };
  },
  "checkpoint deleted": (trial, random) => ({
    ...trial,
    checkpoints: trial.checkpoints.toSpliced(between(random, 0, trial.checkpoints.length - 1), 1),
  }),
  "line of the checkpoints' file changed": (trial, random) => {
    const index = between(random, 0, trial.copies.length - 1);
    return { ...trial, copies: trial.copies.with(index, flip(at(trial.copies, index), pick([0, 1, 2, 4], random))) };
  },
  "removal forged": (trial, random) => {
    const removed = trial.removals[0];
    if (removed === undefined) {
      const to = between(random, 1, trial.rows.length - 1);
      const hash = at(trial.rows, to - 1).hash;
      const range = { size: to, roots: roots(to) };
      const note = signRemoval({ from: 1, to, hash, range }, trial.signer);
      return { ...trial, rows: trial.rows.slice(to), removals: [{ seq: to, note }] };
    }
    return pick(
      [
        () => ({ ...trial, removals: [] }),
        () => ({ ...trial, removals: [{ ...removed, note: flip(removed.note, pick([0, 2, 3, 4, 6], random)) }] }),
        () => ({ ...trial, removals: [{ ...removed, seq: removed.seq + 1 }] }),
        () => ({ ...trial, ...resigned(trial, removed) }),
      ],
      random,
    )();
  },
};

const roots = (size: number): Buffer[] => Array.from(size.toString(2).replaceAll("0", ""), () => randomBytes(32));

/** One row more than was removed, with the true key and a true hash, but without the tree that only true rows make. */
function resigned(trial: Trial, removed: StoredNote): Partial<RecordCopy> {
  const removal = readRemoval(removed.note, trial.signer);
  const next = at(trial.rows, 0);
  if (typeof removal === "string") {
    throw new Error("the trial's own removal does not open");
  }
  const to = removal.to + 1;
  const note = signRemoval({ from: 1, to, hash: next.hash, range: { size: to, roots: roots(to) } }, trial.signer);
  return { rows: trial.rows.slice(1), removals: [{ seq: to, note }] };
}

const kinds = Object.entries(EDITS_OF);

describe("the tamper trial", () => {
  let bench: RecordBench;
  let folder: string;

  beforeAll(async () => {
    bench = await openRecordBench();
    folder = mkdtempSync(join(tmpdir(), "openclaw-tamper-"));
  });

  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await bench.close();
  });

  test(`AUD-4 ${EDITS - SQL_EDITS} edits in memory: every one is found, with the first key and without; the untouched ones are sound`, async () => {
    const random = seeded(SEED);
    const signer = newSigner();
    const trials = Array.from({ length: RECORDS }, () => makeTrial(random, signer));
    const missed: string[] = [];
    const alarms: string[] = [];
    for (let n = 0; n < EDITS - SQL_EDITS; n += 1) {
      const trial = at(trials, n % trials.length);
      const [name, edit] = at(kinds, n % kinds.length);
      const place = between(random, 0, trial.rows.length - 1);
      const clean = await verify(trial, n % 2 === 0);
      if (!clean.sound) {
        alarms.push(`${n} ${name} ${JSON.stringify(clean)}`);
      }
      const edited = { ...trial, ...edit(trial, random, place) };
      // Without the first key only what checkpoints cover is bound, and the head that the key file remembers.
      const covered = (trial.checkpoints.at(-1)?.seq ?? 0) >= at(trial.rows, place).row.seq;
      for (const withKey of covered ? [true, false] : [true]) {
        const verdict = await verify(edited, withKey);
        if (verdict.sound) {
          missed.push(`${n} ${name} at ${place}${withKey ? "" : " without the key"}`);
        }
      }
    }
    expect({ missed, alarms }).toEqual({ missed: [], alarms: [] });
  }, 60_000);

  const SQL_OF: Record<string, (seq: number) => [sql: string, table?: string]> = {
    changed: (seq) => [`UPDATE audit_event SET user_id = 'mallory' WHERE seq = ${seq}`],
    deleted: (seq) => [`DELETE FROM audit_event WHERE seq = ${seq}`],
    cut: (seq) => [`DELETE FROM audit_event WHERE seq >= ${seq}`],
    swapped: (seq) => [
      `UPDATE audit_event SET seq = -seq WHERE seq IN (${seq}, ${seq + 1}); UPDATE audit_event SET seq = CASE seq WHEN -${seq} THEN ${seq + 1} ELSE ${seq} END WHERE seq < 0`,
    ],
    hash: (seq) => [`UPDATE audit_event SET hash = sha256(hash) WHERE seq = ${seq}`],
    time: (seq) => [`UPDATE audit_event SET at = at - interval '1 ms' WHERE seq = ${seq}`],
    data: (seq) => [`UPDATE audit_event SET data = data || '{"n": -1}' WHERE seq = ${seq}`],
    checkpoint: () => ["UPDATE audit_checkpoint SET note = replace(note, 'a', 'b')", "audit_checkpoint"],
    "checkpoint deleted": () => ["DELETE FROM audit_checkpoint", "audit_checkpoint"],
    removal: (seq) => [`INSERT INTO audit_removal (to_seq, note) VALUES (${seq}, 'forged')`, "audit_removal"],
  };

  test(`AUD-4 ${SQL_EDITS - 20} edits of a database: every one is found, and undone it is sound again`, async () => {
    const random = seeded(SEED + 1);
    await bench.append(0, 400);
    await bench.sealAll();
    await bench.append(400, 150);
    await bench.sealAll();
    const missed: string[] = [];
    const alarms: string[] = [];
    const kept = ["audit_event", "audit_checkpoint", "audit_removal"];
    await bench.tamper(kept.map((table) => `CREATE TABLE kept_${table} AS TABLE ${table}`).join("; "));
    const kinds = Object.entries(SQL_OF);
    for (let n = 0; n < SQL_EDITS - 20; n += 1) {
      const [name, statement] = at(kinds, n % kinds.length);
      const seq = between(random, 1, 549);
      const [sql, table = "audit_event"] = statement(seq);
      await bench.tamper(sql, table);
      if ((await bench.verify()).sound) {
        missed.push(`${n} ${name} at ${seq}`);
      }
      await bench.tamper(`TRUNCATE ${table}; INSERT INTO ${table} TABLE kept_${table}`, table);
      if (!(await bench.verify()).sound) {
        alarms.push(`${n} ${name} at ${seq}`);
      }
    }
    expect({ missed, alarms }).toEqual({ missed: [], alarms: [] });
  }, 60_000);

  test("AUD-4 20 edits of the record's file and its checkpoints: every one is found with either key", async () => {
    const random = seeded(SEED + 2);
    const lines = readFileSync(bench.mirrorFile, "utf8").trimEnd().split("\n");
    const checkpoints = readFileSync(bench.checkpointFile, "utf8");
    const file = join(folder, "audit.log");
    const { firstKey, key } = readVerifyKeys(bench.paths.keysDir, {});
    const check = (withKey: boolean) => verifyFile({ file, keyring: null, firstKey: withKey ? firstKey : null, key });
    const write = (changed: readonly string[], notes = checkpoints): void => {
      writeFileSync(file, `${changed.join("\n")}\n`);
      writeFileSync(join(folder, "audit-checkpoints.txt"), notes);
    };
    const changes: ((place: number) => void)[] = [
      (place) => write(lines.with(place, at(lines, place).replace('"outcome":"ok"', '"outcome":"no"'))),
      (place) => write(lines.toSpliced(place, 1)),
      (place) => write(lines.with(place, at(lines, place + 1)).with(place + 1, at(lines, place))),
      (place) => write(lines.toSpliced(place, 0, at(lines, place))),
      (place) => write(lines.slice(0, place)),
      (place) => write(lines.with(place, "{}")),
      () => write(lines, checkpoints.replace(/\n[A-Za-z0-9+/=]{44}\n/, `\n${randomBytes(32).toString("base64")}\n`)),
    ];
    for (let n = 0; n < 20; n += 1) {
      write(lines);
      for (const withKey of [true, false]) {
        expect(await check(withKey), `untouched ${n}`).toMatchObject({ sound: true, head: { seq: 550 }, covered: 550 });
      }
      at(changes, n % changes.length)(between(random, 1, 540));
      for (const withKey of [true, false]) {
        // What is no line of the record at all is refused by name.
        const found = await check(withKey).then(({ sound }) => !sound, isAppError);
        expect(found, `change ${n}`).toBe(true);
      }
    }
  });
});
