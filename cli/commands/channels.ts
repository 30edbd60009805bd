/** `openclaw channels …`: connections to messaging platforms. Who may use a channel is `openclaw access channels`. */
import type { Command } from "commander";
import type { ListOptions } from "../access-edit.ts";
import { commaList } from "../comma-list.ts";
import { printJson, printTable, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { openOrMakeKeys } from "../keys.ts";
import { OPERATOR } from "../operator.ts";
import { askSecret, keyValue, secretFromFile, secretReference } from "../secret-input.ts";
import { readPolicy, unlimitedGrantor } from "#server/access/index.ts";
import { recordEventsOn } from "#server/audit/index.ts";
import {
  isSecret,
  readConnectionsOnce,
  removeConnection,
  saveConnection,
  sendTestMessage,
  testConnection,
  type ConnectionEditDeps,
  type ConnectionStore,
  type Secrets,
} from "#server/channels/index.ts";
import { CHANNEL_TYPES, type ChannelType } from "#server/channels/schema.ts";
import { CONNECTION_KEYS, loadConfig, resolveSecret, secretOpener } from "#server/config/index.ts";
import { AppError } from "#server/core/errors.ts";
import { configuredPolicy } from "#server/policy-inputs.ts";

interface AddOptions extends ListOptions {
  type?: string;
  secretFile?: Record<string, string>;
  secretEnv?: Record<string, string>;
  set?: Record<string, string>;
  role?: string;
  unknownSenders?: string;
  allowedLinks?: string[];
  disabled?: true;
}

interface TestOptions extends ListOptions {
  send?: string;
}

export function registerConnections(program: Command, context: CliContext): void {
  const channels = program.command("channels").description("connections to messaging platforms");

  channels
    .command("list")
    .description("list the connections, where they are written, and whether they work with the variables of this shell")
    .option("--json", "print a list of {channel, type, source, state, problem, settings, secrets}")
    .addHelpText("after", "\nExample:\n  openclaw channels list")
    .action(async ({ json }: ListOptions) => list(context, json === true));

  channels
    .command("add <channel>")
    .description("connect a platform, or change what is named of a connection; secrets that are not given stay")
    .option("--type <platform>", CHANNEL_TYPES.join(", "))
    .option("--secret-file <key=file>", "read a secret from a file; may be repeated", keyValue)
    .option("--secret-env <key=VARIABLE>", "have the server read it from its environment; may be repeated", keyValue)
    .option("--set <key=value>", "any other key of the connection, such as apiBase; may be repeated", keyValue)
    .option("--role <name>", "role of senders whom no user record describes")
    .option("--unknown-senders <pair|refuse>", "whether strangers get a pairing code")
    .option("--allowed-links <hosts>", "hosts that links in replies may lead to, comma-separated", commaList)
    .option("--disabled", "keep the connection, but switch it off")
    .option("--json", "print {channel, created}")
    .addHelpText(
      "after",
      `
Secrets that are needed and not given are asked for at the terminal.

Examples:
  openclaw channels add telegram --type telegram --secret-env botToken=TELEGRAM_TOKEN --secret-file webhookSecret=./secret
  openclaw channels add ci --type webhook --secret-file secret=./whsec --set scheme=standard
  openclaw channels add telegram --allowed-links example.org`,
    )
    .action(async (channel: string, options: AddOptions) => add(context, channel, options));

  channels
    .command("test <channel>")
    .description("ask the platform who we are, and have it show a message where one is asked for")
    .option("--send <conversation>", "send a test message to this conversation")
    .option("--json", "print {ok, account} or {ok, reason}")
    .addHelpText("after", "\nExamples:\n  openclaw channels test telegram\n  openclaw channels test telegram --send 42")
    .action(async (channel: string, options: TestOptions) => test(context, channel, options));

  channels
    .command("remove <channel>")
    .description("remove a connection of the database with its secrets; the channel's rules stay")
    .option("--json", "print {removed}")
    .addHelpText("after", "\nExample:\n  openclaw channels remove telegram")
    .action(async (channel: string, { json }: ListOptions) => {
      await withConnections(context, ({ deps }) => removeConnection(deps, unlimitedGrantor(OPERATOR), channel));
      if (json === true) {
        printJson(context, { removed: channel });
      } else {
        context.out(`Channel ${channel} is connected no more. Remove the webhook at the platform too.`);
      }
    });
}

interface Opened {
  deps: ConnectionEditDeps;
  connections: Pick<ConnectionStore, "live" | "list">;
  record: Parameters<typeof sendTestMessage>[0]["audit"];
}

async function withConnections<T>(context: CliContext, work: (opened: Opened) => Promise<T>): Promise<T> {
  const loaded = loadConfig(context.paths.configFile);
  const keyring = await openOrMakeKeys(context);
  const open = secretOpener(keyring);
  const config = {
    current: () => loaded,
    secret: (path: string, written: string) => resolveSecret(path, written, { open }),
  };
  return withDatabase(context, async (db, pool) => {
    const policy = await readPolicy(pool, configuredPolicy(loaded));
    const connections = await readConnectionsOnce({ config, db, keyring });
    try {
      const deps = { db, config, keyring, paths: context.paths, policy: { current: () => policy } };
      return await work({ deps, connections, record: { append: (events) => recordEventsOn(pool, events) } });
    } finally {
      await connections.close();
    }
  });
}

async function list(context: CliContext, json: boolean): Promise<void> {
  const views = await withConnections(context, ({ connections }) => Promise.resolve(connections.list()));
  if (json) {
    printJson(context, views);
    return;
  }
  if (views.length === 0) {
    context.err("No platform is connected. Connect one with: openclaw channels add telegram --type telegram");
    return;
  }
  printTable(
    context,
    ["channel", "platform", "state", "written in", "delivers to"],
    views.map(({ channel, type, state, source }) => [
      channel,
      type,
      state.replace("_", " "),
      source === "file" ? context.paths.configFile : "database",
      `/hooks/${channel}`,
    ]),
  );
  for (const { channel, problem } of views) {
    if (problem !== null) {
      context.err(`${channel}: ${problem}`);
    }
  }
}

async function add(context: CliContext, channel: string, options: AddOptions): Promise<void> {
  const saved = await withConnections(context, async ({ deps, connections }) => {
    const before = connections.list().find((one) => one.channel === channel && one.source === "database");
    const type = typeOf(options.type ?? before?.type);
    const kept = before?.type === type ? before : undefined;
    const settings = { ...kept?.settings, ...settingsGiven(options) };
    const secrets = await secretsGiven(type, options, kept?.secrets ?? []);
    return saveConnection(deps, unlimitedGrantor(OPERATOR), { channel, type, settings, secrets }, { mayRefer: true });
  });
  if (options.json === true) {
    printJson(context, saved);
    return;
  }
  context.out(
    `Channel ${channel} is ${saved.created ? "connected" : "changed"}. The platform delivers to /hooks/${channel}.`,
  );
  context.err(`See whether it works with: openclaw channels test ${channel}`);
}

function typeOf(given: string | undefined): ChannelType {
  const type = CHANNEL_TYPES.find((known) => known === given);
  if (type === undefined) {
    throw new AppError("INVALID_INPUT", `--type: name the platform, one of: ${CHANNEL_TYPES.join(", ")}.`);
  }
  return type;
}

function settingsGiven({ set = {}, role, unknownSenders, allowedLinks, disabled }: AddOptions) {
  const secret = Object.keys(set).find(isSecret);
  if (secret !== undefined) {
    throw new AppError(
      "INVALID_INPUT",
      `--set ${secret}: a secret on the command line can be read by others. Use --secret-file ${secret}=<file> or --secret-env ${secret}=<VARIABLE>.`,
    );
  }
  return {
    ...set,
    ...(role === undefined ? {} : { role }),
    ...(unknownSenders === undefined ? {} : { unknownSenders }),
    ...(allowedLinks === undefined ? {} : { allowedLinks }),
    enabled: disabled !== true,
  };
}

async function secretsGiven(type: ChannelType, options: AddOptions, kept: readonly string[]): Promise<Secrets> {
  const { secretFile = {}, secretEnv = {} } = options;
  const secrets: Secrets = {};
  for (const [key, file] of Object.entries(secretFile)) {
    secrets[knownSecret(key)] = secretFromFile(key, file);
  }
  for (const [key, variable] of Object.entries(secretEnv)) {
    secrets[knownSecret(key)] = secretReference(key, variable);
  }
  for (const key of CONNECTION_KEYS[type].needed.filter(isSecret)) {
    if (secrets[key] === undefined && !kept.includes(key)) {
      secrets[key] = await askSecret(key);
    }
  }
  return secrets;
}

function knownSecret(key: string): keyof Secrets {
  if (!isSecret(key)) {
    throw new AppError("INVALID_INPUT", `"${key.slice(0, 40)}" is no secret of a connection.`);
  }
  return key;
}

async function test(context: CliContext, channel: string, { send, json }: TestOptions): Promise<void> {
  const result = await withConnections(context, async ({ connections, record }) => {
    const probed = await testConnection({ connections }, channel);
    if (!probed.ok || send === undefined) {
      return probed;
    }
    const sent = await sendTestMessage({ connections, audit: record }, OPERATOR, { channel, conversation: send });
    return sent.ok ? probed : sent;
  });
  if (json === true) {
    printJson(context, result);
  } else if (result.ok) {
    context.out(
      `Channel ${channel} works: ${result.account}${send === undefined ? "" : "; the test message was taken"}.`,
    );
  } else {
    context.err(`Channel ${channel} does not work: ${result.reason}.`);
  }
  if (!result.ok) {
    context.setExitCode(1);
  }
}
