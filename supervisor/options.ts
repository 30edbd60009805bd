/** The options of `npm start --` and `openclaw start`, read in one place. */
import { resolve } from "node:path";
import { InvalidArgumentError, type Command } from "commander";
import { z } from "zod";
import { isPartName, PART_NAMES, type PartName } from "./parts.ts";

export interface StartOptions {
  /** Overrides `gateway.port`. */
  port: number | undefined;
  configFile: string | undefined;
  home: string | undefined;
  /** Parts to run; empty = all. */
  only: PartName[];
  embeddedDatabase: boolean;
  /** Asks for the master key at the terminal. */
  askMasterKey: boolean;
  /** Also shows what the processes log. */
  verbose: boolean;
}

const Raw = z.object({
  port: z.number().optional(),
  config: z.string().optional(),
  home: z.string().optional(),
  only: z.array(z.enum(PART_NAMES)).default([]),
  embeddedDb: z.boolean(),
  askMasterKey: z.boolean().default(false),
  verbose: z.boolean().default(false),
});

/** Adds the options to a command. */
export function addStartOptions(command: Command): Command {
  return command
    .option(
      "--port <number>",
      "port of the gateway and the console (default: gateway.port of the configuration)",
      parsePort,
    )
    .option("--config <file>", "configuration file (default: <home>/config/openclaw.json5)")
    .option(
      "--home <folder>",
      "folder of configuration, data, logs and keys (default: $OPENCLAW_HOME, else ~/.openclaw)",
    )
    .option(
      `--only <part>`,
      `run only these parts: ${PART_NAMES.join(", ")}; repeat it or separate them by commas`,
      collectParts,
    )
    .option("--no-embedded-db", "use the PostgreSQL in DATABASE_URL and never start one of our own")
    .option("--ask-master-key", "ask for the master key of the keyring at the terminal instead of reading it")
    .option("--verbose", "also show what the processes log")
    .addHelpText(
      "after",
      "\nExamples:\n  openclaw start\n  openclaw start --port 8080 --home /srv/openclaw\n  DATABASE_URL=postgresql://… openclaw start --only worker --no-embedded-db",
    );
}

/** What commander parsed, typed; relative paths become absolute. */
export function readStartOptions(parsed: Record<string, unknown>): StartOptions {
  const raw = Raw.parse(parsed);
  return {
    port: raw.port,
    configFile: raw.config === undefined ? undefined : resolve(raw.config),
    home: raw.home === undefined ? undefined : resolve(raw.home),
    only: raw.only,
    embeddedDatabase: raw.embeddedDb,
    askMasterKey: raw.askMasterKey,
    verbose: raw.verbose,
  };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new InvalidArgumentError("Give a number from 0 to 65535 (0 = any free port).");
  }
  return port;
}

function collectParts(text: string, before: PartName[] = []): PartName[] {
  const parts = text.split(",").map((part) => part.trim());
  const known = parts.filter(isPartName);
  if (known.length !== parts.length) {
    throw new InvalidArgumentError(`Choose from: ${PART_NAMES.join(", ")}.`);
  }
  return [...new Set([...before, ...known])];
}
