/** The product's own command line, as its operator would use it. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { E2E_HOME } from "./environment.ts";

const run = promisify(execFile);

async function openclawText(...args: string[]): Promise<string> {
  const env = { ...process.env, OPENCLAW_HOME: E2E_HOME };
  return (await run(process.execPath, ["cli/main.ts", ...args], { env })).stdout;
}

/** What a command prints with `--json`. */
export const openclaw = async <T>(...args: string[]): Promise<T> =>
  JSON.parse(await openclawText(...args, "--json")) as T;

/** The events of one request, oldest first. */
export async function eventsOf(requestId: string): Promise<{ event: string; outcome: string }[]> {
  const text = await openclawText("logs", "filter", "--request", requestId, "--json");
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as { event: string; outcome: string });
}

/** A one-time link with which somebody becomes a member of that role. */
export async function newInvitation(email: string, role: string): Promise<string> {
  return (await openclaw<{ url: string }>("admin", "create", "--email", email, "--role", role)).url;
}

/** A role of the database with these permissions, and no channel or command. */
export async function newRole(name: string, permissions: readonly string[]): Promise<void> {
  await openclaw("access", "roles", "set", name, "--permissions", permissions.join(","));
}

/** What the operator does to a member: `disable`, `enable`, `reset-mfa`, `end-sessions`. */
export async function changeMember(change: string, email: string): Promise<void> {
  await openclaw("admin", change, email);
}

/** An API token, by default with all rights, of an owner of its own: nobody takes another's places. */
export async function newToken(role = "admin"): Promise<string> {
  const owner = `e2e-${randomBytes(6).toString("hex")}`;
  const made = await openclaw<{ token: string }>(
    "gateway",
    "generate-token",
    ...["--name", "e2e", "--role", role, "--owner", owner],
  );
  return made.token;
}

/** Takes a suspicious file into quarantine and returns its id there. */
export async function quarantineFile(path: string): Promise<string> {
  // The command ends with a code of its own when the file is dangerous; what it says is the same.
  const text = await openclawText("files", "check", path, "--quarantine", "--json").catch((error: unknown) => {
    if (error instanceof Error && "stdout" in error) {
      return String(error.stdout);
    }
    throw error;
  });
  return (JSON.parse(text) as { quarantined: { id: string } }).quarantined.id;
}
