/** Runs the product as `npm start` would, in a throw-away home, and removes that home when told to stop. */
import { spawn } from "node:child_process";
import { realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { E2E_HOME, E2E_PORT } from "./environment.ts";

const product = spawn(process.execPath, ["supervisor/main.ts", "--home", E2E_HOME, "--port", E2E_PORT], {
  stdio: "inherit",
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => product.kill("SIGTERM"));
}
product.on("exit", (code) => {
  // Run as root, the database keeps its files elsewhere and leaves a link in the home.
  const databaseFolder = join(E2E_HOME, "data", "postgres");
  for (const folder of [resolved(databaseFolder), E2E_HOME]) {
    rmSync(folder, { recursive: true, force: true });
  }
  process.exitCode = code ?? 1;
});

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
