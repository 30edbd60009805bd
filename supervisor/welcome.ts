/** What a person needs once everything runs: the way into the console and, at the very first start, a token to try the gateway. */
import { readPolicy, unlimitedGrantor } from "#server/access/index.ts";
import { hasMembers, mintSetupLink } from "#server/auth/index.ts";
import { loadConfig } from "#server/config/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { createDb, type Db } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import { AppError } from "#server/core/errors.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { configuredPolicy } from "#server/policy-inputs.ts";
import { engineStatus } from "#server/sandbox/index.ts";
import { createToken, loadPepper } from "#server/tokens/index.ts";
import type { Pool } from "pg";

export interface Welcome {
  /** Path of the console: with a one-time link in the fragment while nobody is a member; null when the console does not run here. */
  consolePath: string | null;
  /** The first token, minted once in the life of a home; null at later starts. */
  firstToken: string | null;
  /** Why runs are refused for now; null when a sandbox is available. */
  sandboxProblem: string | null;
}

const OPERATOR = { type: "operator", id: "operator" } as const;
const FIRST_TOKEN_NAME = "first start";

export async function prepareWelcome(options: {
  appUrl: string;
  paths: HomePaths;
  withConsole: boolean;
  withGateway: boolean;
}): Promise<Welcome> {
  const pool = createPool({ connectionString: options.appUrl, name: "supervisor", max: 2, onError: () => undefined });
  const db = createDb(pool);
  try {
    return {
      consolePath: options.withConsole ? await wayIn(db) : null,
      firstToken: options.withGateway ? await mintFirstToken(db, pool, options.paths) : null,
      sandboxProblem: (await engineStatus(db)).problem,
    };
  } finally {
    await db.$disconnect();
    await pool.end();
  }
}

async function wayIn(db: Db): Promise<string> {
  return (await hasMembers(db)) ? "" : `/setup#${(await mintSetupLink({ db }, { now: systemClock.now() })).code}`;
}

/** Only while there has never been any token: a second "first" token would be a quiet way in. */
async function mintFirstToken(db: Db, pool: Pool, paths: HomePaths): Promise<string | null> {
  if ((await db.token.count()) > 0) {
    return null;
  }
  const loaded = loadConfig(paths.configFile);
  const policy = await readPolicy(pool, configuredPolicy(loaded));
  const deps = {
    db,
    clock: systemClock,
    pepper: loadPepper(paths),
    settings: loaded.config.gateway.tokenConfig,
    policy,
  };
  try {
    const created = await createToken(deps, unlimitedGrantor(OPERATOR), {
      name: FIRST_TOKEN_NAME,
      role: "admin",
      ownerId: OPERATOR.id,
    });
    return created.token;
  } catch (error) {
    // A configuration without the role "admin" is its owner's choice.
    if (error instanceof AppError && error.code === "INVALID_INPUT") {
      return null;
    }
    throw error;
  }
}
