/** `openclaw security verify-audit`: has anybody changed the record? */
import { existsSync, readFileSync } from "node:fs";
import { InvalidArgumentError, type Command } from "commander";
import { printJson, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { openExistingKeys } from "../keys.ts";
import { exitOf, verdictJson, verdictText, VERIFY_EXIT } from "../verify-audit-text.ts";
import {
  checkConsistency,
  countWaiting,
  readCheckpointFile,
  readVerifyKeys,
  recordFile,
  verifyExported,
  verifyRecord,
  type AuditVerdict,
} from "#server/audit/index.ts";
import { keyringFile, type Keyring } from "#server/core/crypto/keyring/index.ts";
import { AppError, isAppError, messageOf } from "#server/core/errors.ts";

interface VerifyOptions {
  file?: string;
  checkpoint?: string;
  publicKey?: string;
  key?: string;
  expectSize?: number;
  proof?: string;
  json?: boolean;
}

const HELP = `
Exit code: 0 sound, ${VERIFY_EXIT.tampered} tampered, ${VERIFY_EXIT.truncated} newest rows cut off, ${VERIFY_EXIT.unreadable} cannot be verified

What a verdict covers: with the first key (keys/audit-verify.json, or --key) every row; without it the rows under signed checkpoints. Whoever
took over the machine has the keys of that moment: only a checkpoint or a size that was kept elsewhere tells of rows that he cut off.

Examples:
  openclaw security verify-audit
  openclaw security verify-audit --key /media/auditor/audit-verify.json --json
  openclaw security verify-audit --checkpoint /media/auditor/checkpoint.txt --expect-size 120000
  openclaw security verify-audit --file export.json --public-key audit-public-key.txt
  openclaw security verify-audit --file ~/.openclaw/logs/audit.log
  openclaw security verify-audit --proof proof.json --public-key audit-public-key.txt`;

export function registerVerifyAudit(security: Command, context: CliContext): void {
  security
    .command("verify-audit")
    .description("check every row of the audit record against its hash chain and its signed checkpoints")
    .option("--file <file>", "an export in JSON, or a file of the record, instead of the database")
    .option("--checkpoint <file>", "a checkpoint that was kept elsewhere: the record has to begin with its rows")
    .option("--public-key <file or text>", "public key of the record, where the one in the home is not to be trusted")
    .option("--key <file>", "file with the first key, where it is not kept in the home")
    .option("--expect-size <rows>", "rows that the record is known to have had", parseSize)
    .option("--proof <file>", "a consistency proof (security prove-audit) instead of the record")
    .option("--json", "print the verdict as JSON")
    .addHelpText("after", HELP)
    .action(async (options: VerifyOptions) => verify(context, options));
}

async function verify(context: CliContext, options: VerifyOptions): Promise<void> {
  try {
    if (options.proof === undefined) {
      report(context, options, await verdictOf(context, options));
    } else {
      verifyProof(context, options, options.proof);
    }
  } catch (error) {
    if (!isAppError(error)) {
      throw error;
    }
    context.setExitCode(VERIFY_EXIT.unreadable);
    if (options.json === true) {
      printJson(context, { verdict: "unreadable", message: messageOf(error) });
    }
    context.err(messageOf(error));
  }
}

interface Waiting {
  /** Batches of events that the sealer has still to take; not known for files. */
  waiting?: number;
}

async function verdictOf(context: CliContext, options: VerifyOptions): Promise<AuditVerdict & Waiting> {
  const { keysDir } = context.paths;
  const common = {
    keyring: await keyringOf(context),
    required:
      options.checkpoint === undefined ? undefined : readCheckpointFile(keysDir, options.checkpoint, options.publicKey),
    expectSize: options.expectSize,
    onProgress: progress(context),
  };
  if (options.file !== undefined) {
    const keys = readVerifyKeys(keysDir, { key: options.key, publicKey: options.publicKey });
    return verifyExported({ ...common, ...keys, file: options.file });
  }
  const mirrorFile = recordFile(context.paths);
  const own = { keysDir, mirrorFile, keyFile: options.key, publicKey: options.publicKey };
  return withDatabase(context, async (_db, pool) => ({
    ...(await verifyRecord({ ...common, ...own, db: pool })),
    waiting: await countWaiting(pool),
  }));
}

function report(context: CliContext, { json }: VerifyOptions, verdict: AuditVerdict & Waiting): void {
  const { waiting, ...rest } = verdict;
  context.setExitCode(exitOf(rest));
  if (json === true) {
    printJson(context, { ...verdictJson(rest), ...(rest.sound && waiting !== undefined ? { waiting } : {}) });
    return;
  }
  const [first = "", ...further] = verdictText(rest);
  context.out(first);
  if (rest.sound && waiting !== undefined) {
    context.out(
      `Waiting for the sealer, not covered by this verdict: ${waiting} ${waiting === 1 ? "batch" : "batches"} of events.`,
    );
  }
  further.forEach((line) => context.out(line));
}

function verifyProof(context: CliContext, { publicKey, json }: VerifyOptions, file: string): void {
  const connected = checkConsistency(context.paths.keysDir, readText(file), publicKey);
  context.setExitCode(connected === null ? VERIFY_EXIT.tampered : 0);
  if (json === true) {
    printJson(context, connected === null ? { verdict: "tampered" } : { verdict: "sound", ...connected });
  } else if (connected === null) {
    context.out("Not sound: the proof does not connect the two checkpoints, or one of them is not of this record.");
  } else {
    context.out(
      `Sound: the record of ${connected.newer} rows begins with the ${connected.older} rows of the older checkpoint.`,
    );
  }
}

/** What is encrypted in the home is read with its keyring; a machine that verifies an export has none. */
async function keyringOf(context: CliContext): Promise<Keyring | null> {
  return existsSync(keyringFile(context.paths)) ? openExistingKeys(context) : null;
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new AppError("AUDIT_UNAVAILABLE", `${file} cannot be read. Check its name, owner and mode.`, {
      cause: error,
    });
  }
}

const PROGRESS_MS = 2_000;

/** Says every two seconds how far it has come, so that a large record is not mistaken for a hang. */
function progress(context: CliContext): (seq: number) => void {
  let last = performance.now();
  return (seq) => {
    if (performance.now() - last > PROGRESS_MS) {
      last = performance.now();
      context.err(`verified up to row ${seq} …`);
    }
  };
}

function parseSize(text: string): number {
  if (!/^\d{1,15}$/.test(text)) {
    throw new InvalidArgumentError("It has to be a number of rows.");
  }
  return Number(text);
}
