/** The console, compiled for production. */
import { existsSync } from "node:fs";
import { runLogged } from "../lib/exec.mjs";
import { inRoot } from "../lib/project.mjs";
import { step } from "../lib/report.mjs";
import { digest, isStamped, stamp, unstamp } from "../lib/stamp.mjs";

const NAME = "next-build";
const INPUTS = [
  "app",
  "components",
  "server",
  "next.config.ts",
  "postcss.config.mjs",
  "components.json",
  "tsconfig.json",
  "package-lock.json",
];

/** Tests are not part of the console, and the generated client follows from files that are inputs elsewhere. */
export function isNotBuilt(path) {
  return /\.test\.tsx?$/.test(path) || path.endsWith(".md");
}

export async function buildConsole(node) {
  const inputs = digest(INPUTS, { ignore: isNotBuilt });
  if (isStamped(NAME, inputs) && existsSync(inRoot(".next/BUILD_ID"))) {
    return;
  }
  unstamp(NAME);
  await step("Building the console", () =>
    runLogged(NAME, node, [inRoot("node_modules/next/dist/bin/next"), "build"], {
      env: { NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production" },
    }),
  );
  stamp(NAME, inputs);
}
