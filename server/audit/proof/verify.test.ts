import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  advance,
  canonicalRow,
  startChain,
  type ChainHead,
  type ChainRow,
  type SealedRow,
} from "#server/audit/chain.ts";
import { canonicalJson } from "#server/audit/canonical-json.ts";
import { mirrorLine } from "#server/audit/mirror.ts";
import { verifyItems, type Verdict } from "#server/audit/proof/verify.ts";
import type { TamperKind } from "#server/audit/proof/verify-diagnose.ts";
import { lineItem, rowItem, type Item } from "#server/audit/proof/verify-items.ts";

const firstKey = randomBytes(32);

function row(seq: number): ChainRow {
  return {
    actorId: `tok_${seq}`,
    actorType: "token",
    address: seq % 3 === 0 ? undefined : "127.0.0.1",
    at: new Date(1_700_000_000_000 + seq).toISOString(),
    because: undefined,
    channel: "api",
    code: "OCM001I",
    correlationId: undefined,
    data: { "10": seq, "9": "ä", nested: { b: [1, null, true], a: "x" } },
    event: "message.received",
    kind: "message_receive",
    outcome: "ok",
    reason: "allowed",
    requestId: `req_${seq}`,
    seq,
    severity: "info",
    target: undefined,
    tokenId: "abc",
    userId: `user${seq % 5}`,
  };
}

function seal(rows: readonly ChainRow[], key: Buffer): SealedRow[] {
  let state = startChain(key);
  return rows.map((sealedRow) => {
    state = advance(state, canonicalRow(sealedRow));
    return { row: sealedRow, hash: state.hash };
  });
}

const chainOf = (length: number): SealedRow[] =>
  seal(
    Array.from({ length }, (_, index) => row(index + 1)),
    firstKey,
  );
const headOf = (chain: readonly SealedRow[]): ChainHead => ({
  seq: chain.length,
  hash: chain.at(-1)?.hash ?? Buffer.alloc(32),
});
/** As an attacker who can write the table would leave it: without a gap. */
const renumber = (chain: readonly SealedRow[]): SealedRow[] =>
  chain.map((sealed, index) => ({ ...sealed, row: { ...sealed.row, seq: index + 1 } }));

async function* inBatches(chain: readonly SealedRow[], size: number, form = rowItem): AsyncGenerator<Item[]> {
  for (let index = 0; index < chain.length; index += size) {
    yield chain.slice(index, index + size).map(form);
  }
}

const asLine = (sealed: SealedRow) => lineItem(mirrorLine(sealed));

/** From rows and from their lines, which must come to the same. */
async function verify(chain: readonly SealedRow[], known?: ChainHead, size = 7): Promise<Verdict> {
  const evidence = { firstKey, heads: known === undefined ? [] : [known] };
  const verdict = await verifyItems(inBatches(chain, size), evidence);
  expect(await verifyItems(inBatches(chain, size, asLine), evidence)).toEqual(verdict);
  return verdict;
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) {
    throw new RangeError(`no item ${index}`);
  }
  return item;
}

/** Each takes a chain and a place (0-based) before the last two, and says how the result must be judged. `later`: rows behind the place. */
const ATTACKS: Record<
  string,
  { kind: TamperKind; later?: number; apply: (chain: SealedRow[], place: number) => SealedRow[] }
> = {
  "a value is edited": {
    kind: "edited",
    apply: (chain, place) =>
      chain.with(place, { ...at(chain, place), row: { ...at(chain, place).row, outcome: "denied" } }),
  },
  "data is edited": {
    kind: "edited",
    apply: (chain, place) => chain.with(place, { ...at(chain, place), row: { ...at(chain, place).row, data: {} } }),
  },
  "a hash is edited": {
    kind: "edited",
    apply: (chain, place) => chain.with(place, { ...at(chain, place), hash: randomBytes(32) }),
  },
  "a null becomes empty text": {
    kind: "edited",
    apply: (chain, place) => chain.with(place, { ...at(chain, place), row: { ...at(chain, place).row, because: "" } }),
  },
  "the rest is sealed anew without the key": {
    kind: "edited",
    apply: (chain, place) => {
      const forged = chain.map((sealed, index) =>
        index === place ? { ...sealed.row, userId: "mallory" } : sealed.row,
      );
      return [...chain.slice(0, place), ...seal(forged, randomBytes(32)).slice(place)];
    },
  },
  "a row is deleted": { kind: "deleted", apply: (chain, place) => chain.toSpliced(place, 1) },
  "two rows change places with their hashes": {
    kind: "reordered",
    apply: (chain, place) => renumber(chain.with(place, at(chain, place + 1)).with(place + 1, at(chain, place))),
  },
  "two rows change places under their hashes": {
    kind: "reordered",
    apply: (chain, place) =>
      renumber([
        ...chain.slice(0, place),
        { row: at(chain, place + 1).row, hash: at(chain, place).hash },
        { row: at(chain, place).row, hash: at(chain, place + 1).hash },
        ...chain.slice(place + 2),
      ]),
  },
  "lines of a file change places": {
    kind: "reordered",
    apply: (chain, place) => chain.with(place, at(chain, place + 1)).with(place + 1, at(chain, place)),
  },
  "a forged row is pushed in": {
    kind: "inserted",
    apply: (chain, place) => renumber(chain.toSpliced(place, 0, { row: row(999), hash: randomBytes(32) })),
  },
  "a true row is repeated": {
    kind: "inserted",
    later: 1,
    apply: (chain, place) => chain.toSpliced(place, 0, at(chain, place)),
  },
};

describe("verifyChain", () => {
  test("AUD-4 property: untouched chains of any length and batching are sound", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 90 }), fc.integer({ min: 1, max: 40 }), async (length, size) => {
        const chain = chainOf(length);
        const known =
          length > 0 ? { seq: Math.ceil(length / 2), hash: at(chain, Math.ceil(length / 2) - 1).hash } : undefined;
        expect(await verify(chain, known, size)).toEqual({
          sound: true,
          head: headOf(chain),
          covered: 0,
          unbound: null,
        });
      }),
    );
  });

  for (const [name, { kind, apply, later = 0 }] of Object.entries(ATTACKS)) {
    test(`AUD-4 property: ${name} → ${kind}, at the right place`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 5, max: 80 }),
          fc.nat(),
          fc.integer({ min: 1, max: 40 }),
          async (length, pick, size) => {
            const place = pick % (length - 2);
            const attacked = apply(chainOf(length), place);
            const verdict = await verify(attacked, undefined, size);
            expect(verdict).toEqual({ sound: false, seq: place + 1 + later, kind });
          },
        ),
        { numRuns: 40 },
      );
    });
  }

  test("AUD-4 property: rows taken out and the rest numbered anew → deleted, at the first missing one", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 8, max: 80 }),
        fc.nat(),
        fc.integer({ min: 1, max: 4 }),
        async (length, pick, count) => {
          const place = pick % (length - count - 2);
          const attacked = renumber(chainOf(length).toSpliced(place, count));
          expect(await verify(attacked)).toEqual({ sound: false, seq: place + 1, kind: "deleted" });
        },
      ),
    );
  });

  test("AUD-4 property: a cut end is found by any head that is known from elsewhere", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 60 }), fc.nat(), async (length, pick) => {
        const chain = chainOf(length);
        const kept = pick % length;
        expect(await verify(chain.slice(0, kept), headOf(chain))).toEqual({
          sound: false,
          seq: kept + 1,
          kind: "truncated",
        });
        // The stated bound: nothing inside the rows themselves tells of rows that are gone from the end.
        expect(await verify(chain.slice(0, kept))).toMatchObject({ sound: true });
      }),
    );
  });

  test("AUD-4 property: random damage of several rows is never overlooked nor placed too late", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 60 }),
        fc.array(fc.tuple(fc.nat(), fc.constantFrom("actorId", "event", "at", "target", "userId")), {
          minLength: 1,
          maxLength: 5,
        }),
        async (length, edits) => {
          const chain = chainOf(length);
          const places = edits.map(([pick, field]) => {
            const place = pick % length;
            const sealed = at(chain, place);
            chain[place] = { ...sealed, row: { ...sealed.row, [field]: "changed" } };
            return place;
          });
          expect(await verify(chain)).toMatchObject({ sound: false, seq: Math.min(...places) + 1 });
        },
      ),
    );
  });

  test("AUD-4 rows forged behind the known head with a stolen later key are still in the chain, a wrong head is not", async () => {
    const chain = chainOf(20);
    expect(await verify(chain, { seq: 10, hash: randomBytes(32) })).toMatchObject({ sound: false, seq: 10 });
  });

  test("AUD-4 the key found on the machine cannot seal an earlier row again", () => {
    const rows = Array.from({ length: 10 }, (_, index) => row(index + 1));
    let state = startChain(firstKey);
    for (const sealedRow of rows.slice(0, 6)) {
      state = advance(state, canonicalRow(sealedRow));
    }
    const original = at(chainOf(10), 4);
    const replayed = advance({ seq: 4, hash: at(chainOf(10), 3).hash, key: state.key }, canonicalRow(original.row));
    expect(replayed.hash.equals(original.hash)).toBe(false);
  });
});

describe("canonicalRow", () => {
  test("AUD-4 is the canonical JSON of the row without its empty columns", () => {
    const sealedRow = row(3);
    const present = Object.fromEntries(Object.entries(sealedRow).filter(([, value]) => value !== undefined));
    expect(canonicalRow(sealedRow)).toBe(canonicalJson(present));
  });
});
