/** `openclaw config encrypt` and `openclaw config decrypt`: the secrets of the configuration file, in their places. */
import type { Command } from "commander";
import { printJson, type CliContext } from "../context.ts";
import { openExistingKeys, openOrMakeKeys } from "../keys.ts";
import { changeOnRecord } from "../record-change.ts";
import { planDecryption, planEncryption, type CryptPlan } from "#server/config/index.ts";

interface CryptOptions {
  dryRun?: boolean;
  json?: boolean;
}

export function registerConfigEncrypt(config: Command, context: CliContext): void {
  config
    .command("encrypt")
    .description("encrypt the secrets of the file with the home's keyring; everything else stays byte for byte")
    .option("--dry-run", "only list what would be encrypted")
    .option("--json", "print {file, dryRun, encrypted, kept}")
    .addHelpText(
      "after",
      `
Covers the keys of model providers (unless security.encryption.config.encryptApiKeys is false), gateway.token (unless encryptTokens is
false) and every other secret. References such as \${NAME} stay. A secret in a comment is not seen: remove it yourself.
An encrypted value opens at its own key and with this home's keyring only. Keep a backup of <home>/keys.

Examples:
  openclaw config encrypt --dry-run
  openclaw config encrypt`,
    )
    .action(async (options: CryptOptions) => encrypt(context, options));

  config
    .command("decrypt")
    .description("put the secrets of the file back in plain text, exactly as they were written")
    .option("--dry-run", "only list what would be decrypted")
    .option("--json", "print {file, dryRun, decrypted, kept}")
    .addHelpText("after", "\nExamples:\n  openclaw config decrypt --dry-run\n  openclaw config decrypt")
    .action(async (options: CryptOptions) => decrypt(context, options));
}

async function encrypt(context: CliContext, options: CryptOptions): Promise<void> {
  const { configFile } = context.paths;
  const plan = planEncryption(configFile);
  if (options.dryRun !== true && plan.paths.length > 0) {
    const text = plan.convert(await openOrMakeKeys(context));
    await changeOnRecord(
      context,
      { event: "config.encrypted", outcome: "ok", target: configFile, data: { paths: [...plan.paths] } },
      () => plan.write(text),
    );
  }
  report(context, plan, options, "encrypted");
}

async function decrypt(context: CliContext, options: CryptOptions): Promise<void> {
  const { configFile } = context.paths;
  const plan = planDecryption(configFile);
  if (options.dryRun !== true && plan.paths.length > 0) {
    const text = plan.convert(await openExistingKeys(context));
    await changeOnRecord(
      context,
      { event: "config.decrypted", outcome: "ok", target: configFile, data: { paths: [...plan.paths] } },
      () => plan.write(text),
    );
    context.err(`The secrets of ${configFile} are now readable by everybody who can read the file.`);
  }
  report(context, plan, options, "decrypted");
}

function report(
  context: CliContext,
  { paths, kept }: CryptPlan,
  options: CryptOptions,
  done: "encrypted" | "decrypted",
): void {
  const file = context.paths.configFile;
  const dryRun = options.dryRun === true;
  if (options.json === true) {
    printJson(context, { file, dryRun, [done]: paths, kept });
    return;
  }
  paths.forEach((path) => context.out(`${dryRun ? `would be ${done}` : done}  ${path}`));
  kept.forEach(({ path, reason }) => context.out(`stays (${reason})  ${path}`));
  if (paths.length === 0) {
    context.err(`Nothing in ${file} is to be ${done}.`);
  }
}
