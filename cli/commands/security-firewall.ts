/** `openclaw security firewall`: rules for the machine that match the configuration, or what its own rules do otherwise (NET-5). */
import { InvalidArgumentError, Option, type Command } from "commander";
import { printJson, type CliContext } from "../context.ts";
import { shownName } from "../file-settings.ts";
import { loadConfig } from "#server/config/index.ts";
import { readEnv } from "#server/core/env.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";
import { compareFirewall, firewallIntent, firewallScript, readMachineRules } from "#server/firewall/index.ts";
import { FIREWALL_FORMATS, type FirewallFormat } from "#server/firewall/schema.ts";

interface Options {
  format: FirewallFormat;
  ssh?: number;
  check?: boolean;
  json?: boolean;
}

export function registerFirewall(security: Command, context: CliContext): void {
  security
    .command("firewall")
    .description("print firewall rules that match the configuration, or compare the machine's own with --check")
    .addOption(new Option("--format <format>", "what they are for").choices(FIREWALL_FORMATS).default("nftables"))
    .option("--ssh <port>", "keep this port open for SSH; without it the rules ask in a comment", parsePort)
    .option(
      "--check",
      "load nothing and print nothing to load: say where the machine's rules and the configuration disagree",
    )
    .option("--json", "print {format, intent, script}, with --check {intent, verdict, disagreements, unknown}")
    .addHelpText(
      "after",
      `
The rules refuse what comes from outside, except to the gateway's port from gateway.allowedIps and gateway.trustedProxies. Nothing is
changed by this command: read what it prints, then load it as root.

--check exits with 0 when they agree, with 1 when not, with 5 when the rules cannot be read, which mostly takes root.

Examples:
  openclaw security firewall --format ufw --ssh 22
  openclaw security firewall --format nftables > openclaw.nft
  sudo openclaw security firewall --check`,
    )
    .action(async (options: Options) => firewall(context, options));
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) {
    throw new InvalidArgumentError("Write a port from 1 to 65535.");
  }
  return port;
}

async function firewall(context: CliContext, { format, ssh, check, json }: Options): Promise<void> {
  const { config } = loadConfig(context.paths.configFile);
  const intent = firewallIntent(config, readEnv().OPENCLAW_PORT ?? config.gateway.port);
  if (check !== true) {
    const script = firewallScript(intent, format, { sshPort: ssh ?? null });
    if (json === true) {
      printJson(context, { format, intent, script });
    } else {
      context.out(script.trimEnd());
    }
    return;
  }
  const compared = compareFirewall(intent, await readMachineRules());
  if (compared.verdict !== "agrees") {
    context.setExitCode(compared.verdict === "disagrees" ? 1 : ERROR_MEANINGS.STORE_UNAVAILABLE.cli);
  }
  if (json === true) {
    printJson(context, { intent, ...compared });
    return;
  }
  for (const { severity, title, evidence, fix } of compared.disagreements) {
    context.out(`${severity.padEnd(8)}  ${title}`);
    context.out(`          ${evidence}`);
    context.out(`          → ${fix}`);
  }
  compared.unknown.forEach((what) => context.err(`not judged: ${shownName(what)}`));
  context.err(VERDICTS[compared.verdict]);
}

const VERDICTS = {
  agrees: "The machine's rules do what the configuration asks.",
  disagrees: "The machine's rules and the configuration disagree.",
  unknown: "Whether the machine's rules match the configuration is not known.",
} as const;
