/** The database client that Prisma generates from `prisma/schema`. */
import { existsSync, readFileSync } from "node:fs";
import { runLogged } from "../lib/exec.mjs";
import { inRoot } from "../lib/project.mjs";
import { step } from "../lib/report.mjs";
import { digest, isStamped, stamp, unstamp } from "../lib/stamp.mjs";

const NAME = "prisma-client";

export async function generateClient(node) {
  const { version } = JSON.parse(readFileSync(inRoot("node_modules/prisma/package.json"), "utf8"));
  const inputs = `${version} ${digest(["prisma/schema", "prisma.config.ts"])}`;
  if (isStamped(NAME, inputs) && existsSync(inRoot("server/core/db/generated/client.ts"))) {
    return;
  }
  unstamp(NAME);
  await step("Generating the database client", () =>
    runLogged(NAME, node, [inRoot("node_modules/prisma/build/index.js"), "generate"], {
      // Generating needs no native engine, but Prisma would try to download one unless a file is named.
      env: { PRISMA_SCHEMA_ENGINE_BINARY: node, PRISMA_HIDE_UPDATE_MESSAGE: "1", CHECKPOINT_DISABLE: "1" },
    }),
  );
  stamp(NAME, inputs);
}
