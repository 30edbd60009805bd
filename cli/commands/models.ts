/** `openclaw models …`: which models there are, and whether one of them answers. */
import { InvalidArgumentError, type Command } from "commander";
import { printJson, printTable, type CliContext } from "../context.ts";
import { openExistingKeys } from "../keys.ts";
import { loadConfig, resolveSecret, secretOpener, type ConfigStore } from "#server/config/index.ts";
import { isSealed } from "#server/config/sealed-form.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";
import { modelViews, probeModel, providerViews } from "#server/models/index.ts";

interface TestFlags {
  timeout: number;
  json?: boolean;
}

export function registerModels(program: Command, context: CliContext): void {
  const models = program.command("models").description("the models that agents and API clients can call");

  models
    .command("list")
    .description("list providers and models: whether a key is there, what a million tokens cost")
    .option("--json", "print {providers, models}")
    .addHelpText("after", "\nExamples:\n  openclaw models list\n  openclaw models list --json")
    .action(async ({ json }: { json?: boolean }) => list(context, json === true));

  models
    .command("test <model>")
    .description("make one tiny real call with the configuration's key and say what came back; it costs a few tokens")
    .option("--timeout <seconds>", "how long to wait, 1 to 600", parseSeconds, 60)
    .option("--json", "print {model, ok, ending, status, message, inputTokens, outputTokens, wallMs}")
    .addHelpText(
      "after",
      `
Exits with 0 when the model answered, with 2 when no provider is set up for it, with 5 when it did not answer, with 6 when its key is missing.

Examples:
  openclaw models test anthropic/claude-haiku-4-5
  openclaw models test local/llama3.1 --timeout 10 --json`,
    )
    .action(async (model: string, flags: TestFlags) => test(context, model, flags));
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 600) {
    throw new InvalidArgumentError("a whole number from 1 to 600 is needed.");
  }
  return seconds;
}

/** The configuration of the home, with its keys readable; encrypted ones open with the home's keyring, which is only then asked for. */
async function storeOf(context: CliContext): Promise<Pick<ConfigStore, "current" | "secret">> {
  const loaded = loadConfig(context.paths.configFile);
  const { models, security } = loaded.config;
  const keys = [...Object.values(security.apiKeys), ...Object.values(models.providers).map(({ apiKey }) => apiKey)];
  const open = keys.some((key) => key !== undefined && isSealed(key))
    ? secretOpener(await openExistingKeys(context))
    : undefined;
  return { current: () => loaded, secret: (path, written) => resolveSecret(path, written, { open }) };
}

const KEY_TEXTS = { present: "yes", missing: "MISSING", none_needed: "none needed" } as const;

async function list(context: CliContext, json: boolean): Promise<void> {
  const store = await storeOf(context);
  const { config } = store.current();
  const providers = providerViews(config, store);
  const models = modelViews(config);
  if (json) {
    printJson(context, { providers, models });
    return;
  }
  if (providers.length === 0) {
    context.err(
      "No provider is set up. Write a key into security.apiKeys (anthropic, openai, google), or a server of your own into models.providers.",
    );
    return;
  }
  printTable(
    context,
    ["provider", "api", "address", "key"],
    providers.map(({ name, type, baseUrl, key }) => [name, type, baseUrl, KEY_TEXTS[key]]),
  );
  context.out("");
  printTable(
    context,
    ["model", "input $/M", "output $/M", "fallback"],
    models.map(({ name, price, fallback }) => [
      name,
      price === null ? "not known" : String(price.input),
      price === null ? "not known" : String(price.output),
      fallback.join(", ") || "-",
    ]),
  );
}

async function test(context: CliContext, model: string, { timeout, json }: TestFlags): Promise<void> {
  const probe = await probeModel(await storeOf(context), model, timeout * 1000);
  if (!probe.ok) {
    const { cli } = ERROR_MEANINGS[probe.ending === "key_missing" ? "NOT_CONFIGURED" : "ENGINE_UNAVAILABLE"];
    context.setExitCode(cli);
  }
  if (json === true) {
    printJson(context, probe);
  } else if (probe.ok) {
    const tokens = `${probe.inputTokens ?? "?"} tokens in, ${probe.outputTokens ?? "?"} out`;
    context.out(`${model} answered in ${probe.wallMs} ms (${tokens}).`);
  } else {
    context.err(`${model} did not answer: ${probe.message ?? probe.ending}`);
  }
}
