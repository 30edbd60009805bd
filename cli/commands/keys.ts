/** `openclaw keys …`: keys of outside services. The keys that stored data is sealed with are `openclaw security list-keys`. */
import { readFileSync } from "node:fs";
import { text as readAll } from "node:stream/consumers";
import type { Readable } from "node:stream";
import { InvalidArgumentError, type Command } from "commander";
import { printJson, printTable, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { shownName } from "../file-settings.ts";
import { openOrMakeKeys } from "../keys.ts";
import { OPERATOR } from "../operator.ts";
import { askSecret } from "../secret-input.ts";
import { loadConfig, parseDuration } from "#server/config/index.ts";
import { configurationServices } from "#server/configuration/index.ts";
import { systemClock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import { newKeyRotationId } from "#server/core/ids.ts";
import { AppError, isAppError, messageOf } from "#server/core/errors.ts";
import {
  freshConfig,
  keyHistory,
  listKeys,
  rotateKey,
  undoRotation,
  type KeyServices,
} from "#server/key-rotation/index.ts";
import { DEFAULT_GRACE_MS } from "#server/key-rotation/policy.ts";
import type { KeyList, KeyView } from "#server/key-rotation/schema.ts";

interface RotateOptions {
  valueFile?: string;
  generate?: true;
  grace?: number;
  test: boolean;
  id?: string;
  json?: boolean;
}

/** @param input where a new value is piped in */
export function registerOutsideKeys(
  program: Command,
  context: CliContext,
  input: Readable & { isTTY?: boolean },
): void {
  const keys = program
    .command("keys")
    .description(
      "keys of outside services: providers, platforms, webhooks (not the keys of stored data: security list-keys)",
    );

  keys
    .command("list")
    .description("list every key with its age, state, source and when it is due; never a value")
    .option("--json", "print {rotation, keys}")
    .addHelpText(
      "after",
      "\nExits with 0 when none is overdue, with 1 when one is. Without a running gateway ages are not known.\n\nExample:\n  openclaw keys list",
    )
    .action(async ({ json }: { json?: boolean }) => list(context, json === true));

  keys
    .command("rotate <key>")
    .description("put a new value of a key in place; the old one is kept for a grace, so that it can be undone")
    .option("--value-file <file>", "read the new value from a file; default: asked for, or piped in")
    .option("--generate", "have a secret made up that the other side takes as it is")
    .option(
      "--grace <time>",
      "how long the old one is kept, and believed where others sign with it; default 24h",
      parseGrace,
    )
    .option("--no-test", "do not try the new value with the other side first")
    .option("--id <id>", "name of this rotation: the same again is the same rotation, and goes on where it was cut off")
    .option("--json", "print {keyId, rotationId, generated, test, graceUntil, repeated, next}")
    .addHelpText(
      "after",
      `
A value is never given on the command line itself, where others can see it. What comes from the environment (\${NAME}) is changed there;
the command says how, and the change is recorded when it is seen.

Examples:
  openclaw keys rotate provider:openai
  openclaw keys rotate provider:openai < new-key
  openclaw keys rotate channel:telegram:webhookSecret --generate --grace 1h`,
    )
    .action(async (key: string, options: RotateOptions) => rotate(context, input, key, options));

  keys
    .command("history [key]")
    .description("what was done with the keys, or with one of them, newest first")
    .option("--json", "print an array")
    .addHelpText("after", "\nExample:\n  openclaw keys history provider:openai")
    .action(async (key: string | undefined, { json }: { json?: boolean }) => history(context, key, json === true));

  keys
    .command("undo <rotation>")
    .description("bring back the value before a rotation, while its grace lasts")
    .option("--json", "print {keyId, rotationId}")
    .addHelpText("after", "\nExample:\n  openclaw keys undo rot_0123456789abcdefghjk")
    .action(async (rotation: string, { json }: { json?: boolean }) => undo(context, rotation, json === true));
}

function parseGrace(written: string): number {
  const ms = parseDuration(written);
  if (ms === undefined) {
    throw new InvalidArgumentError('Write a time such as "15m", "24h" or "0s".');
  }
  return ms;
}

async function withKeys<T>(context: CliContext, work: (services: KeyServices, db: Db) => Promise<T>): Promise<T> {
  const { paths } = context;
  const keyring = await openOrMakeKeys(context);
  const log = { error: (facts: unknown) => context.err(messageOf(facts)) };
  const atStart = loadConfig(paths.configFile).config;
  const configuration = configurationServices({ paths, keyring, clock: systemClock, log, atStart });
  const config = freshConfig(paths.configFile, keyring);
  return withDatabase(context, (db) => work({ db, clock: systemClock, keyring, config, configuration }, db));
}

async function list(context: CliContext, asJson: boolean): Promise<void> {
  const options = { now: new Date(systemClock.now()), judgesValues: false };
  const answer = await withKeys(context, (services, db) => listKeys(services, db, options)).catch(
    async (error: unknown): Promise<KeyList> => {
      if (!isAppError(error) || error.code !== "STORE_UNAVAILABLE") {
        throw error;
      }
      context.err("The gateway does not run: ages and keys of the database are not known.");
      const keyring = await openOrMakeKeys(context);
      return listKeys({ config: freshConfig(context.paths.configFile, keyring), keyring }, null, options);
    },
  );
  if (answer.keys.some(({ state }) => state === "overdue")) {
    context.setExitCode(1);
  }
  if (asJson) {
    printJson(context, answer);
    return;
  }
  printTable(
    context,
    ["key", "state", "age", "due", "source", "where", "grace until"],
    answer.keys.map((key) =>
      [key.id, STATES[key.state], ageOf(key), day(key.dueAt), sourceOf(key), key.path, time(key.graceUntil)].map(
        shownName,
      ),
    ),
  );
  if (!answer.rotation.enabled) {
    context.err("Notices are off: security.keyRotation.enabled is false.");
  }
}

const STATES: Record<KeyView["state"], string> = {
  ok: "ok",
  due_soon: "due soon",
  overdue: "OVERDUE",
  unknown: "unknown",
};
const ageOf = ({ ageDays }: KeyView): string => (ageDays === null ? "-" : `${ageDays}d`);
const day = (date: Date | null): string => date?.toISOString().slice(0, 10) ?? "-";
const time = (date: Date | null): string => date?.toISOString() ?? "-";
const sourceOf = ({ source, variables }: KeyView): string =>
  source === "environment" ? variables.map((name) => `\${${name}}`).join(" ") : source;

async function rotate(
  context: CliContext,
  input: Readable & { isTTY?: boolean },
  keyId: string,
  options: RotateOptions,
): Promise<void> {
  const value = await newValue(context, input, keyId, options);
  const rotated = await withKeys(context, (services) =>
    rotateKey(services, OPERATOR, {
      keyId,
      rotationId: options.id ?? newKeyRotationId(),
      ...(value === undefined ? {} : { value }),
      graceMs: options.grace ?? DEFAULT_GRACE_MS,
      test: options.test,
    }),
  );
  if (options.json === true) {
    printJson(context, rotated);
    return;
  }
  if (rotated.generated !== null) {
    context.out(rotated.generated);
  }
  const { rotationId, test, graceUntil, repeated, next } = rotated;
  context.err(
    repeated ? `Rotation ${rotationId} was made before; nothing was done now.` : `${keyId} is rotated (${rotationId}).`,
  );
  context.err(TESTS[test]);
  if (graceUntil !== null) {
    context.err(
      `The old value is kept until ${graceUntil.toISOString()}. Bring it back with: openclaw keys undo ${rotationId}`,
    );
  }
  context.err(next);
}

const TESTS = {
  passed: "The other side took the new value when it was tried.",
  skipped: "The new value was not tried.",
  none: "There is nobody to try the new value with.",
} as const;

/** Undefined = have one made up. */
async function newValue(
  context: CliContext,
  input: Readable & { isTTY?: boolean },
  keyId: string,
  { valueFile, generate }: RotateOptions,
): Promise<string | undefined> {
  if (valueFile !== undefined && generate === true) {
    throw new AppError(
      "INVALID_INPUT",
      "--generate: the new value is in --value-file already. Leave one of the two out.",
    );
  }
  if (generate === true) {
    return undefined;
  }
  await refuseBeforeAsking(context, keyId);
  if (valueFile !== undefined) {
    try {
      return readFileSync(valueFile, "utf8").replace(/\r?\n$/, "");
    } catch (error) {
      throw new AppError("INVALID_INPUT", `--value-file: ${messageOf(error)}. Name a file that holds the new value.`);
    }
  }
  return input.isTTY === true ? askSecret(`New value of ${keyId}`) : (await readAll(input)).replace(/\r?\n$/, "");
}

/** What cannot be rotated here is said before anybody types a secret. */
async function refuseBeforeAsking(context: CliContext, keyId: string): Promise<void> {
  const options = { now: new Date(systemClock.now()), judgesValues: false };
  const { keys } = await withKeys(context, (services, db) => listKeys(services, db, options));
  const key = keys.find(({ id }) => id === keyId);
  if (key === undefined) {
    throw new AppError("NOT_FOUND", `There is no key "${keyId}". The keys are listed by: openclaw keys list`);
  }
  if (key.rotation !== "here") {
    throw new AppError("CONFLICT", `${keyId} is not rotated here. ${key.howTo}`);
  }
}

async function history(context: CliContext, keyId: string | undefined, asJson: boolean): Promise<void> {
  const entries = await withDatabase(context, (db) => keyHistory(db, keyId));
  if (asJson) {
    printJson(context, entries);
    return;
  }
  printTable(
    context,
    ["at", "key", "what", "by", "tried", "grace until", "rotation"],
    entries.map((one) =>
      [
        one.at.toISOString(),
        one.keyId,
        `${one.how}${one.state === "done" ? "" : ` (${one.state})`}`,
        one.by,
        one.test,
        time(one.graceEndedAt === null ? one.graceUntil : null),
        one.id,
      ].map(shownName),
    ),
  );
}

async function undo(context: CliContext, rotationId: string, asJson: boolean): Promise<void> {
  const undone = await withKeys(context, (services) => undoRotation(services, OPERATOR, rotationId));
  if (asJson) {
    printJson(context, undone);
  } else {
    context.out(`${undone.keyId} has the value from before rotation ${rotationId} again.`);
  }
}
