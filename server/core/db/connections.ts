/** Connections of the running gateway's database, which the supervisor leaves in the home for the command line on the same machine. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { AppError } from "#server/core/errors.ts";
import type { HomePaths } from "#server/core/paths.ts";

const Connections = z.object({
  ownerUrl: z.string().min(1),
  appUrl: z.string().min(1),
  workerUrl: z.string().min(1),
  sealerUrl: z.string().min(1),
});

export type Connections = z.infer<typeof Connections>;

/** Where the supervisor writes them, mode 0600. */
export function connectionsFile(paths: HomePaths): string {
  return join(paths.keysDir, "database.json");
}

/** @throws AppError("STORE_UNAVAILABLE") when no gateway has left them in this home, or the file is damaged or not ours to read. */
export function readConnections(paths: HomePaths): Connections {
  const file = connectionsFile(paths);
  try {
    return Connections.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new AppError(
      "STORE_UNAVAILABLE",
      `The gateway's database is not running: ${file} cannot be read. Start it with npm start, as the same user.`,
      { cause: error },
    );
  }
}
