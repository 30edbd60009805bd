/** `openclaw security rotate-master-key`, `rotate-data-key`, `list-keys`: the keys that stored data is sealed with. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { InvalidArgumentError, Option, type Command } from "commander";
import { printJson, printTable, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { OPERATOR } from "../operator.ts";
import { askSecret } from "../../supervisor/ask-secret.ts";
import { recordEvents } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { loadConfig } from "#server/config/index.ts";
import { writeFileAtomic } from "#server/core/atomic-write.ts";
import {
  addDataKeys,
  changeMasterSecret,
  DEFAULT_ITERATIONS,
  KEY_PURPOSES,
  masterSecretFile,
  openKeyring,
  passphrase,
  readMasterSecret,
  type KeyPurpose,
  type MasterSecret,
} from "#server/core/crypto/keyring/index.ts";
import { withTx } from "#server/core/db/client.ts";
import { readEnv } from "#server/core/env.ts";
import { AppError, messageOf } from "#server/core/errors.ts";

interface MasterOptions {
  newKeyFile?: string;
  ask?: boolean;
  iterations?: number;
  json?: boolean;
}

export function registerKeys(security: Command, context: CliContext): void {
  security
    .command("rotate-master-key")
    .description("replace the master key that opens the keyring; nothing that is stored is touched, and nothing stops")
    .option("--new-key-file <file>", "the new master key is the text in this file")
    .option("--ask", "type the new master key at the terminal")
    .option("--iterations <n>", "rounds of key derivation; default: as configured", parseIterations)
    .option("--json", "print {iterations, source, kept}")
    .addHelpText(
      "after",
      `
Without --new-key-file and --ask a new random key takes the place of <home>/keys/master-secret. A master key that comes from
OPENCLAW_MASTER_KEY or OPENCLAW_MASTER_KEY_FILE is replaced by one that you give; the old one works until a start with the new one.

Examples:
  openclaw security rotate-master-key
  openclaw security rotate-master-key --new-key-file /run/secrets/openclaw-master
  openclaw security rotate-master-key --iterations 1000000`,
    )
    .action(async (options: MasterOptions) => rotateMaster(context, options));

  security
    .command("rotate-data-key")
    .description("seal new values with a new key; what is stored stays readable with the old one")
    .addOption(new Option("--purpose <purpose>", "what the key is for; default: all").choices(KEY_PURPOSES))
    .option("--json", "print the new keys")
    .addHelpText(
      "after",
      "\nExamples:\n  openclaw security rotate-data-key\n  openclaw security rotate-data-key --purpose database",
    )
    .action(async (options: { purpose?: KeyPurpose; json?: boolean }) => rotateData(context, options));

  security
    .command("list-keys")
    .description(
      "show the keyring that stored data is sealed with: purpose, id and age (keys of outside services: openclaw keys)",
    )
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  openclaw security list-keys")
    .action(async ({ json }: { json?: boolean }) => list(context, json === true));
}

function parseIterations(written: string): number {
  const iterations = Number(written);
  if (!Number.isInteger(iterations) || iterations < 100_000 || iterations > 100_000_000) {
    throw new InvalidArgumentError("Write a whole number from 100000 to 100000000; 600000 or more are advised.");
  }
  return iterations;
}

const configuredIterations = (context: CliContext): number =>
  loadConfig(context.paths.configFile).config.security.encryption.database.iterations;

async function rotateMaster(context: CliContext, options: MasterOptions): Promise<void> {
  const { paths } = context;
  const from = readMasterSecret(paths, readEnv(), false);
  const ownFile = masterSecretFile(paths);
  const isOwn = from.source === ownFile;
  const iterations = options.iterations ?? configuredIterations(context);
  const given = await givenSecret(options);
  if (given === null && !isOwn) {
    throw new AppError(
      "INVALID_INPUT",
      `The master key comes from ${from.source}, which this command does not write. Give the new one with --new-key-file or --ask.`,
    );
  }
  const fresh = randomBytes(32);
  const kept = `${ownFile}.before-${new Date().toISOString().replaceAll(/[-:.]/g, "")}`;
  const to = given ?? { secret: fresh, source: ownFile };
  const event: AuditEventInput = {
    event: "key.master_rotated",
    outcome: "ok",
    actor: OPERATOR,
    data: { iterations, source: given === null ? "home" : "given" },
  };
  await withDatabase(context, async (db) =>
    changeMasterSecret(paths, from, to, {
      iterations,
      keepOld: given !== null,
      store: () =>
        withTx(db, async (tx) => {
          await recordEvents(tx, [event]);
          if (given === null) {
            writeFileAtomic(kept, readFileSync(ownFile), 0o600);
            writeFileAtomic(ownFile, `${fresh.toString("base64")}\n`, 0o600);
          }
        }),
    }),
  );
  if (options.json === true) {
    printJson(context, { iterations, source: to.source, kept: given === null ? kept : null });
    return;
  }
  context.out(`The keyring opens with the new master key (${iterations} rounds).`);
  if (given !== null) {
    context.err(
      "Before the next start, put the new key where the old one is read from (OPENCLAW_MASTER_KEY, OPENCLAW_MASTER_KEY_FILE). The old one works until then.",
    );
  }
  const where = given === null ? `It is kept in ${kept}: delete it` : "Keep it, and destroy it";
  context.err(`Backups made before open with the old master key only. ${where} together with the last of them.`);
}

async function givenSecret(options: MasterOptions): Promise<MasterSecret | null> {
  if (options.newKeyFile !== undefined && options.ask === true) {
    throw new AppError("INVALID_INPUT", "--ask: the new key is in --new-key-file already. Leave one of the two out.");
  }
  if (options.newKeyFile !== undefined) {
    return passphrase(readKeyFile(options.newKeyFile), options.newKeyFile);
  }
  if (options.ask === true) {
    const typed = await askSecret("New master key", process.stdin, (text) => process.stderr.write(text));
    const again = await askSecret("Once more", process.stdin, (text) => process.stderr.write(text));
    if (typed !== again) {
      throw new AppError("INVALID_INPUT", "The two do not agree; nothing was changed.");
    }
    return passphrase(typed, "the terminal");
  }
  return null;
}

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    throw new AppError("INVALID_INPUT", `--new-key-file: ${messageOf(error)}. Name a file that holds the new key.`, {
      cause: error,
    });
  }
}

async function rotateData(context: CliContext, options: { purpose?: KeyPurpose; json?: boolean }): Promise<void> {
  const master = readMasterSecret(context.paths, readEnv(), false);
  const purposes = options.purpose === undefined ? KEY_PURPOSES : [options.purpose];
  const added = await withDatabase(context, (db) =>
    withTx(db, async (tx) => {
      const keys = await addDataKeys(context.paths, master, purposes);
      await recordEvents(
        tx,
        keys.map(({ purpose, id }) => ({
          event: "key.data_rotated",
          outcome: "ok",
          actor: OPERATOR,
          target: id,
          data: { purpose },
        })),
      );
      return keys;
    }),
  );
  if (options.json === true) {
    printJson(context, added);
    return;
  }
  printTable(
    context,
    ["purpose", "new key"],
    added.map(({ purpose, id }) => [purpose, id]),
  );
}

async function list(context: CliContext, asJson: boolean): Promise<void> {
  const keyring = await openKeyring(context.paths, readEnv(), { iterations: DEFAULT_ITERATIONS });
  const rows = keyring.list().map(({ id, purpose, createdAt }) => ({
    purpose,
    id,
    createdAt: createdAt.toISOString(),
    state: keyring.current(purpose).id === id ? "seals" : "opens only",
  }));
  if (asJson) {
    printJson(context, { iterations: keyring.iterations, keys: rows });
    return;
  }
  printTable(
    context,
    ["purpose", "id", "created", "state"],
    rows.map((row) => [row.purpose, row.id, row.createdAt, row.state]),
  );
  context.err(`The master key opens it with ${keyring.iterations} rounds of PBKDF2-HMAC-SHA256.`);
}
