/** `openclaw security check-vulnerabilities`: what is installed, looked up in advisories (MON-4). */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Option, type Command } from "commander";
import { printJson, printTable, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { shownName } from "../file-settings.ts";
import { OPERATOR } from "../operator.ts";
import { sayWhenLong } from "../progress.ts";
import { loadConfig } from "#server/config/index.ts";
import type { Config } from "#server/config/schema.ts";
import { systemClock } from "#server/core/clock.ts";
import { childEnvironment, readEnv } from "#server/core/env.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";
import { AppError, isAppError, messageOf } from "#server/core/errors.ts";
import { privateAllowance } from "#server/core/net/outbound-policy.ts";
import {
  checkVulnerabilities,
  imagePackages,
  installedDependencies,
  parseRecords,
  storeVulnerabilityReport,
  type InstalledPackage,
} from "#server/vulnerabilities/index.ts";
import {
  VULNERABILITY_PARTS,
  VULNERABILITY_SEVERITIES,
  type VulnerabilityPart,
  type VulnerabilityReport,
  type VulnerabilitySeverity,
} from "#server/vulnerabilities/schema.ts";
import { readPackageFiles } from "#worker/images/read-packages.ts";

const FAIL_ON = ["critical", "high", "moderate", "low", "none"] as const;

interface Options {
  advisories?: string;
  only?: VulnerabilityPart;
  root?: string;
  image?: string;
  failOn: (typeof FAIL_ON)[number];
  json?: boolean;
}

const PRODUCT = resolve(import.meta.dirname, "../..");

export function registerCheckVulnerabilities(security: Command, context: CliContext): void {
  security
    .command("check-vulnerabilities")
    .description("look up installed dependencies and the packages of the sandbox image in advisories")
    .option("--advisories <file>", "advisories in the format of OSV (JSON) instead of any service")
    .addOption(new Option("--only <part>", "look at one part alone").choices(VULNERABILITY_PARTS))
    .option("--root <folder>", "folder whose node_modules is looked at; default: the product's own")
    .option("--image <name>", "image that is looked at; default: the one of security.sandboxing")
    .addOption(
      new Option("--fail-on <severity>", "lowest severity that fails; an unknown one counts as high")
        .choices(FAIL_ON)
        .default("low"),
    )
    .option("--json", "print {at, verdict, checked, sources, notChecked, findings}")
    .addHelpText(
      "after",
      `
Exits with 0 when everything was looked up and nothing of that severity is known, with 1 when something is, and with 5 when something
could not be looked up: that is never taken for "all clear", whatever --fail-on says.
Dependencies are looked up at the registry that npm uses, else at security.vulnerabilities.osvUrl; packages of the image at the latter.
Nothing of the image is run.

Examples:
  openclaw security check-vulnerabilities
  openclaw security check-vulnerabilities --only dependencies --fail-on high
  openclaw security check-vulnerabilities --advisories advisories.json --json`,
    )
    .action(async (options: Options) => run(context, options));
}

async function run(context: CliContext, options: Options): Promise<void> {
  const { config } = loadConfig(context.paths.configFile);
  const records = options.advisories === undefined ? undefined : readAdvisories(options.advisories);
  const { osvUrl, registry: configured } = config.security.vulnerabilities;
  const registry = records !== undefined ? null : (configured ?? (await registryOfNpm()));
  const wants = (part: VulnerabilityPart): boolean => options.only === undefined || options.only === part;
  const urls = [osvUrl, ...(configured === undefined ? [] : [configured])];
  const report = await sayWhenLong(
    context,
    "Looking up advisories …",
    checkVulnerabilities({
      parts: {
        ...(wants("dependencies") ? { dependencies: dependenciesOf(options.root ?? PRODUCT) } : {}),
        ...(wants("image") ? { image: await packagesOf(options.image ?? imageOf(config)) } : {}),
      },
      registry,
      osvUrl: records === undefined ? osvUrl : null,
      ...(records === undefined ? {} : { records }),
      allowsPrivate: privateAllowance(config.security.outbound.allowedPrivate, urls),
      now: new Date(systemClock.now()),
    }),
  );
  await keep(context, options, report);
  if (options.json === true) {
    printJson(context, report);
  } else {
    print(context, report);
  }
  context.setExitCode(exitCodeOf(report, options.failOn));
}

/** Findings come first; then whatever was not looked up. */
export function exitCodeOf({ findings, notChecked, verdict }: VulnerabilityReport, failOn: Options["failOn"]): number {
  const rank = (severity: VulnerabilitySeverity): number =>
    VULNERABILITY_SEVERITIES.indexOf(severity === "unknown" ? "high" : severity);
  if (failOn !== "none" && findings.some(({ severity }) => rank(severity) <= rank(failOn))) {
    return 1;
  }
  return notChecked.length > 0 || verdict === "unknown" || verdict === "partial"
    ? ERROR_MEANINGS.STORE_UNAVAILABLE.cli
    : 0;
}

const imageOf = (config: Config): string => config.security.sandboxing.docker.image;

function dependenciesOf(root: string): readonly InstalledPackage[] | string {
  return installedDependencies(resolve(root)) ?? `no lockfile of npm in ${resolve(root)}`;
}

/** A text says why the packages are not known. */
async function packagesOf(image: string): Promise<readonly InstalledPackage[] | string> {
  try {
    const packages = imagePackages(await readPackageFiles(image, readEnv().DOCKER_HOST));
    return packages ?? `the distribution of ${image} is not one whose packages are known (Debian, Alpine)`;
  } catch (error) {
    if (isAppError(error)) {
      return error.message;
    }
    return `${image} could not be read (${messageOf(error).slice(0, 200)})`;
  }
}

function readAdvisories(file: string): ReturnType<typeof parseRecords> {
  try {
    return parseRecords(readFileSync(file, "utf8"));
  } catch (error) {
    const why = error instanceof Error && error.name === "ZodError" ? "it holds no OSV records" : messageOf(error);
    throw new AppError("INVALID_INPUT", `--advisories ${file}: ${why}. Give a JSON file with a list of OSV records.`, {
      cause: error,
    });
  }
}

/** What npm on this machine is set up with; null without npm. */
function registryOfNpm(): Promise<string | null> {
  return new Promise((done) => {
    execFile(
      "npm",
      ["config", "get", "registry"],
      { timeout: 20_000, cwd: PRODUCT, env: childEnvironment({ npm_config_update_notifier: "false" }) },
      (error, stdout) => done(error === null && /^https?:\/\//.test(stdout.trim()) ? stdout.trim() : null),
    );
  });
}

/** A look at something else than the product is nobody's upkeep. */
async function keep(context: CliContext, options: Options, report: VulnerabilityReport): Promise<void> {
  if (options.root !== undefined || options.image !== undefined) {
    return;
  }
  try {
    await withDatabase(context, (db) => storeVulnerabilityReport(db, report, OPERATOR));
  } catch (error) {
    if (!isAppError(error) || error.code !== "STORE_UNAVAILABLE") {
      throw error;
    }
    context.err("This look-up is not kept, because the gateway does not run.");
  }
}

const VERDICTS: Record<VulnerabilityReport["verdict"], string> = {
  clear: "no known vulnerability",
  vulnerable: "known vulnerabilities",
  partial: "NOT COMPLETE: nothing is known of what could be looked up, but not everything could be",
  unknown: "NOT KNOWN: nothing could be looked up",
};

function print(context: CliContext, { verdict, checked, sources, notChecked, findings }: VulnerabilityReport): void {
  if (findings.length > 0) {
    printTable(
      context,
      ["severity", "package", "version", "fixed in", "advisory", "where", "what"],
      findings.map((one) =>
        [one.severity, one.package, one.version, one.fixedIn ?? "-", one.id, one.path, one.title].map(shownName),
      ),
    );
  }
  sources
    .filter(({ problem }) => problem !== null)
    .forEach(({ name, part, problem }) => context.err(`source ${name} (${part}): ${shownName(problem ?? "")}`));
  notChecked.forEach((what) => context.err(`not checked: ${shownName(what)}`));
  const count = `${checked.dependencies} dependencies and ${checked.image} packages of the image looked up`;
  context.err(`${count}: ${VERDICTS[verdict]}${findings.length > 0 ? ` (${findings.length})` : ""}.`);
}
