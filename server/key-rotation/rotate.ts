/**
 * Puts a new value of a key in place. Threats: a caller that asks twice and makes two keys; a process that dies in the middle; a value that the
 * other side does not take; a new key that comes into force without a record.
 * A key of the database is one transaction. A key of the file is two: what is to happen is stored first, sealed; then the file is written as
 * the last act of the transaction that records it. What dies between the two is finished at the next look, by comparing fingerprints.
 */
import { recordEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import { assertUsable, replaceStoredSecret, sealOldKey } from "#server/channels/index.ts";
import { planSetting } from "#server/configuration/index.ts";
import { openValue, sealValue } from "#server/core/crypto/vault.ts";
import { withTx, type Tx } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";
import { parseInput } from "#server/core/parse-input.ts";
import { fingerprint, hasFingerprint } from "#server/key-rotation/fingerprint.ts";
import { finishRotation, lockKeys } from "#server/key-rotation/finish.ts";
import { heldKeys, type HeldKey } from "#server/key-rotation/inventory.ts";
import { giveUp } from "#server/key-rotation/look.ts";
import { valueProblem } from "#server/key-rotation/policy.ts";
import { tryValue } from "#server/key-rotation/probe.ts";
import { RotateKey, type RotatedKey } from "#server/key-rotation/schema.ts";
import type { KeyServices } from "#server/key-rotation/services.ts";
import { newSecret, wayOf } from "#server/key-rotation/ways.ts";

type Stored = NonNullable<Awaited<ReturnType<Tx["keyRotation"]["findUnique"]>>>;

/** @throws AppError NOT_FOUND, INVALID_INPUT, CONFLICT (cannot be rotated here, id used for another one, the other side refuses), CONFIG_INVALID */
export async function rotateKey(services: KeyServices, actor: Actor, input: unknown): Promise<RotatedKey> {
  const wanted = parseInput(RotateKey, "Key", input);
  const key = await findKey(services, wanted.keyId);
  const way = wayOf(key);
  if (way.rotation !== "here") {
    throw new AppError("CONFLICT", `${key.id} is not rotated here. ${way.howTo}`);
  }
  const stored = await services.db.keyRotation.findUnique({ where: { id: wanted.rotationId } });
  if (stored !== null && (stored.state !== "prepared" || stored.keyId !== key.id)) {
    return repeated(services, key, stored, wanted, actor);
  }
  const value = stored === null ? valueFor(key, wanted, way.canGenerate) : preparedValue(services, stored);
  if (stored !== null && wanted.value !== undefined && wanted.value !== value) {
    throw new AppError("CONFLICT", `Rotation ${stored.id} was begun with another value. Use another rotation id.`);
  }
  const old = key.read();
  assertNew(services, key, { value, old: stored === null ? old : null });
  const test = stored?.test ?? (await tried(services, actor, { key, value, wanted, canTest: way.canTest }));
  const outcome = { key, value, old, actor, test, wanted, generated: wanted.value === undefined };
  if (key.owner === "database") {
    await inDatabase(services, outcome);
  } else {
    await inFile(services, outcome, stored);
  }
  const done = await services.db.keyRotation.findUniqueOrThrow({ where: { id: wanted.rotationId } });
  return answer(done, { generated: outcome.generated ? value : null, repeated: false, next: way.howTo });
}

export async function findKey(services: KeyServices, keyId: string): Promise<HeldKey> {
  const keys = await heldKeys(services, services.db);
  const key = keys.find(({ id }) => id === keyId);
  if (key === undefined) {
    throw new AppError("NOT_FOUND", `There is no key "${keyId}". The keys are listed by: openclaw keys list`);
  }
  return key;
}

function valueFor(key: HeldKey, { value }: RotateKey, canGenerate: boolean): string {
  if (value === undefined && !canGenerate) {
    throw new AppError("INVALID_INPUT", `value: ${key.id} is made elsewhere, so its new value has to be given.`);
  }
  const chosen = value ?? newSecret(key);
  const problem = valueProblem(chosen);
  if (problem !== null) {
    throw new AppError("INVALID_INPUT", `value: cannot be a key, because ${problem}.`);
  }
  return chosen;
}

const preparedContext = (id: string): string => `key_rotation|new_sealed|${id}`;

function preparedValue({ keyring }: KeyServices, { id, newSealed }: Stored): string {
  if (newSealed === null) {
    throw new AppError("CONFLICT", `Rotation ${id} has lost its new value. Use another rotation id.`);
  }
  return openValue(keyring, "config", newSealed, preparedContext(id)).toString("utf8");
}

function assertNew(services: KeyServices, key: HeldKey, { value, old }: { value: string; old: string | null }): void {
  if (value === old) {
    throw new AppError("INVALID_INPUT", `value: is the one that ${key.id} has already.`);
  }
  if (key.of.kind === "channel") {
    assertUsable(services, key.of.held, key.of.key, value);
  }
}

interface Trial {
  key: HeldKey;
  value: string;
  wanted: RotateKey;
  canTest: boolean;
}

async function tried(
  { config, db }: KeyServices,
  actor: Actor,
  { key, value, wanted, canTest }: Trial,
): Promise<"passed" | "skipped" | "none"> {
  if (!canTest) {
    return "none";
  }
  if (!wanted.test) {
    return "skipped";
  }
  const answered = await tryValue(config, key, value);
  if (answered.ok) {
    return "passed";
  }
  await withTx(db, (tx) =>
    recordEvents(tx, [
      {
        event: "key.rotation_failed",
        outcome: "failed",
        actor,
        target: key.id,
        reason: "test_failed",
        data: { rotation: wanted.rotationId },
      },
    ]),
  );
  throw new AppError(
    "CONFLICT",
    `Nothing was changed: the new value was tried and ${answered.reason}. Check it, or leave the trial out.`,
  );
}

interface Outcome {
  key: HeldKey;
  value: string;
  old: string;
  actor: Actor;
  test: string;
  wanted: RotateKey;
  generated: boolean;
}

/** What is stored of a rotation before it has happened. */
function rowOf({ keyring, clock }: KeyServices, { key, value, old, actor, test, wanted }: Outcome) {
  const now = clock.now();
  const { rotationId: id, graceMs } = wanted;
  return {
    id,
    keyId: key.id,
    how: "rotated",
    state: "prepared",
    oldFingerprint: fingerprint(keyring, key.id, old),
    newFingerprint: fingerprint(keyring, key.id, value),
    oldSealed: sealOldKey(keyring, id, old),
    newSealed: new Uint8Array(sealValue(keyring, "config", Buffer.from(value, "utf8"), preparedContext(id))),
    test,
    graceUntil: new Date(now + graceMs),
    actorType: actor.type,
    actorId: actor.id,
    at: new Date(now),
  };
}

async function prepare(services: KeyServices, tx: Tx, outcome: Outcome): Promise<void> {
  const { key } = outcome;
  const now = new Date(services.clock.now());
  const open = await tx.keyRotation.findFirst({ where: { keyId: key.id, state: "prepared" } });
  if (open !== null) {
    await settle(services, tx, key, open);
  }
  await tx.trackedKey.upsert({
    where: { id: key.id },
    create: {
      id: key.id,
      owner: key.owner,
      source: key.source,
      path: key.path,
      firstSeen: now,
      rotatedAt: now,
      checkedAt: now,
    },
    update: {},
  });
  await tx.keyRotation.create({ data: rowOf(services, outcome) });
}

/** Another rotation that was begun and not finished: finished when its value is in force, given up when not. */
async function settle({ keyring, clock }: KeyServices, tx: Tx, key: HeldKey, open: Stored): Promise<void> {
  const inForce =
    open.newFingerprint !== null && hasFingerprint(keyring, key.id, key.read(), open.newFingerprint) === true;
  if (inForce) {
    await finishRotation(tx, open, { now: new Date(clock.now()), generated: false });
  } else {
    await giveUp(tx, open);
  }
}

async function inDatabase(services: KeyServices, outcome: Outcome): Promise<void> {
  const { key, value, wanted, generated } = outcome;
  const { of } = key;
  if (of.kind !== "channel") {
    throw new AppError("INTERNAL", `${key.id} is no key of the database.`);
  }
  await withTx(services.db, async (tx) => {
    await lockKeys(tx);
    await prepare(services, tx, outcome);
    await replaceStoredSecret(tx, services.keyring, { channel: of.held.channel, key: of.key, value });
    await finish(services, tx, wanted.rotationId, generated);
  });
}

async function inFile(services: KeyServices, outcome: Outcome, stored: Stored | null): Promise<void> {
  const { key, value, actor, wanted, generated } = outcome;
  if (stored === null) {
    await withTx(services.db, async (tx) => {
      await lockKeys(tx);
      await prepare(services, tx, outcome);
    });
  }
  await withTx(services.db, async (tx) => {
    await lockKeys(tx);
    const row = await tx.keyRotation.findUniqueOrThrow({ where: { id: wanted.rotationId } });
    if (row.state === "done") {
      return;
    }
    if (row.state !== "prepared") {
      throw new AppError("CONFLICT", `Rotation ${row.id} was given up meanwhile. Use another rotation id.`);
    }
    await finish(services, tx, wanted.rotationId, generated);
    // Last, so that nothing is on record that did not happen.
    writeKey(services, actor, key, value);
  });
}

/** Every other byte of the file stays; its version before is kept, as with any change. */
export function writeKey(
  { configuration, keyring, clock }: KeyServices,
  actor: Actor,
  key: HeldKey,
  value: string,
): void {
  const plan = planSetting(configuration, key.path, value, keyring);
  plan.write(actor, actor.type === "operator" ? "cli" : "console", new Date(clock.now()));
}

async function finish(services: KeyServices, tx: Tx, id: string, generated: boolean): Promise<void> {
  const row = await tx.keyRotation.findUniqueOrThrow({ where: { id } });
  await finishRotation(tx, row, { now: new Date(services.clock.now()), generated });
}

/** The same id again: the same answer, and nothing happens. */
function repeated({ keyring }: KeyServices, key: HeldKey, stored: Stored, wanted: RotateKey, actor: Actor): RotatedKey {
  const { id, keyId, state, newFingerprint } = stored;
  if (keyId !== wanted.keyId || state !== "done" || stored.how !== "rotated") {
    throw new AppError(
      "CONFLICT",
      keyId === wanted.keyId
        ? `Rotation ${id} was ${state === "undone" ? "undone" : "given up"}. Use another rotation id.`
        : `Rotation id ${id} belongs to another key. Use another rotation id.`,
    );
  }
  const value = key.read();
  const isInForce = newFingerprint !== null && hasFingerprint(keyring, key.id, value, newFingerprint) === true;
  if (wanted.value !== undefined && wanted.value !== value) {
    throw new AppError("CONFLICT", `Rotation ${id} was made with another value. Use another rotation id.`);
  }
  // Whoever had it made up and never saw the answer can ask again, as long as the earlier one still counts.
  const mayShow =
    wanted.value === undefined &&
    isInForce &&
    stored.oldSealed !== null &&
    stored.actorType === actor.type &&
    stored.actorId === actor.id;
  return answer(stored, { generated: mayShow ? value : null, repeated: true, next: wayOf(key).howTo });
}

function answer(
  { id, keyId, test, graceUntil, oldSealed }: Stored,
  told: Pick<RotatedKey, "generated" | "repeated" | "next">,
): RotatedKey {
  return {
    keyId,
    rotationId: id,
    test: test === "passed" || test === "skipped" ? test : "none",
    graceUntil: oldSealed === null ? null : graceUntil,
    ...told,
  };
}
