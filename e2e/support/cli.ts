/** The product's own command line, as its operator would use it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { E2E_HOME } from "./environment.ts";

const run = promisify(execFile);

async function openclaw<T>(...args: string[]): Promise<T> {
  const env = { ...process.env, OPENCLAW_HOME: E2E_HOME };
  const { stdout } = await run(process.execPath, ["cli/main.ts", ...args, "--json"], { env });
  return JSON.parse(stdout) as T;
}

/** A fresh one-time link to the console. */
export async function newSetupLink(): Promise<string> {
  return (await openclaw<{ url: string }>("console", "link")).url;
}

/** An API token with all rights. */
export async function newToken(): Promise<string> {
  return (await openclaw<{ token: string }>("gateway", "generate-token", "--name", "e2e", "--role", "admin")).token;
}
