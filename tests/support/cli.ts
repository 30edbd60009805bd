/** Commands of the command line on a home and database of their own, with what they print and their exit code. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { Client } from "pg";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import type { CliContext } from "../../cli/context.ts";
import { connectionsFile } from "#server/core/db/connections.ts";
import { onOccasion } from "#server/audit/index.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";
import { AppError } from "#server/core/errors.ts";
import { newCommandId } from "#server/core/ids.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";

interface CliOutcome {
  /** Lines of standard output. */
  out: string[];
  /** Lines of standard error; the last one is the error of a command that failed. */
  err: string[];
  exitCode: number;
}

export interface CliBench {
  paths: HomePaths;
  database: TestDatabase;
  run(...args: string[]): Promise<CliOutcome>;
  /** Writes the configuration file. */
  configure(text: string): void;
  /** Runs SQL as the owner of the database. */
  sql<Row extends object>(text: string): Promise<Row[]>;
  close(): Promise<void>;
}

export async function openCliBench(register: (program: Command, context: CliContext) => void): Promise<CliBench> {
  const database = await createTestDatabase();
  const paths = homePaths(mkdtempSync(join(tmpdir(), "openclaw-cli-")));
  ensureHome(paths);
  writeFileSync(connectionsFile(paths), JSON.stringify(database), { mode: 0o600 });
  const owner = new Client({ connectionString: database.ownerUrl });
  await owner.connect();
  return {
    paths,
    database,
    async run(...args) {
      const outcome: CliOutcome = { out: [], err: [], exitCode: 0 };
      const program = new Command("openclaw").exitOverride();
      register(program, {
        paths,
        out: (text) => void outcome.out.push(text),
        err: (text) => void outcome.err.push(text),
        setExitCode: (code) => void (outcome.exitCode = code),
      });
      try {
        await onOccasion({ requestId: newCommandId() }, () => program.parseAsync(args, { from: "user" }));
      } catch (error) {
        if (!(error instanceof AppError)) {
          throw error;
        }
        outcome.err.push(error.message);
        outcome.exitCode = ERROR_MEANINGS[error.code].cli;
      }
      return outcome;
    },
    configure: (text) => writeFileSync(paths.configFile, text, { mode: 0o600 }),
    sql: async <Row extends object>(text: string) => (await owner.query<Row>(text)).rows,
    async close() {
      await owner.end();
      rmSync(paths.home, { recursive: true, force: true });
      await database.drop();
    },
  };
}
