/** `openclaw keys` and `openclaw security maintenance` on a home and a database of their own. */
import { Readable } from "node:stream";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CliContext } from "../context.ts";
import { registerOutsideKeys } from "./keys.ts";
import { registerMaintenance } from "./security-maintenance.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";

const OLD = "sk-old-canary-31";
const NEW = "sk-new-canary-32";
const CONFIG = `{ security: { apiKeys: { openai: "${OLD}", google: "\${NOT_SET_HERE}" }, encryption: { database: { iterations: 100000 } } } }`;

let bench: CliBench;
let piped = "";

beforeAll(async () => {
  bench = await openCliBench((program: Command, context: CliContext) => {
    registerOutsideKeys(program, context, Readable.from([piped]));
    registerMaintenance(program, context);
  });
  bench.configure(CONFIG);
});
afterAll(() => bench.close());

const pipe = (text: string): void => void (piped = text);
const rotate = (...args: string[]) => bench.run("keys", "rotate", "provider:openai", "--no-test", ...args);

describe("AUTH-12 the command line", () => {
  test("lists keys without a value; what only the server can see is not taken for a fault", async () => {
    const { out, exitCode } = await bench.run("keys", "list");
    expect(exitCode).toBe(0);
    expect(out.join("\n")).toMatch(/provider:openai +unknown +- +- +plain +security\.apiKeys\.openai/);
    expect(out.join("\n")).toMatch(/provider:google +unknown +- +- +\$\{NOT_SET_HERE\}/);
    expect(out.join("\n")).not.toContain(OLD);
  });

  test("rotates with a piped value, names the rotation, and is repeated by its id", async () => {
    pipe(`${NEW}\n`);
    const { err, out, exitCode } = await rotate("--id", "rot-cli", "--grace", "1h");
    expect(exitCode).toBe(0);
    expect([...err, ...out].join("\n")).not.toMatch(/canary/);
    expect(readFileSync(bench.paths.configFile, "utf8")).toBe(CONFIG.replace(OLD, NEW));
    expect((await rotate("--id", "rot-cli")).err[0]).toMatch(/made before; nothing was done now/);
    const history = JSON.parse((await bench.run("keys", "history", "--json")).out.join("\n")) as object[];
    expect(history).toMatchObject([{ id: "rot-cli", keyId: "provider:openai", by: "operator cli", test: "skipped" }]);
    const [list] = (await bench.run("keys", "list", "--json")).out;
    expect(list).toBeDefined();
    const rows = await bench.sql<{ n: number }>(
      `SELECT count(*) AS n FROM ${RECORDED} AS r WHERE event = 'key.rotated'`,
    );
    expect(rows[0]?.n).toBe(1);
  });

  test("undoes it", async () => {
    expect(await bench.run("keys", "undo", "rot-cli")).toMatchObject({ exitCode: 0 });
    expect(readFileSync(bench.paths.configFile, "utf8")).toBe(CONFIG);
    expect((await bench.run("keys", "undo", "rot-cli")).err.at(-1)).toMatch(/cannot be undone/);
    expect(await bench.run("keys", "undo", "rot-none")).toMatchObject({ exitCode: 3 });
  });

  test("says what to do about a key of the environment before anybody types a secret", async () => {
    const refused = await bench.run("keys", "rotate", "provider:google");
    expect(refused.exitCode).not.toBe(0);
    expect(refused.err.at(-1)).toMatch(/set NOT_SET_HERE to it, and restart/);
    expect(await bench.run("keys", "rotate", "provider:none")).toMatchObject({ exitCode: 3 });
    expect((await bench.run("keys", "rotate", "provider:openai", "--generate")).err.at(-1)).toMatch(/made elsewhere/);
    const file = join(bench.paths.home, "value");
    writeFileSync(file, "two\nlines");
    expect((await rotate("--value-file", file)).err.at(-1)).toMatch(/control characters/);
  });

  test("fails while a key is overdue", async () => {
    await bench.sql(
      "UPDATE tracked_key SET rotated_at = now() - interval '31 days', first_seen = now() - interval '40 days'",
    );
    const { out, exitCode } = await bench.run("keys", "list");
    expect(exitCode).toBe(1);
    expect(out[1]).toMatch(/provider:openai +OVERDUE +31d/);
  });
});

test("OPS-2 upkeep: due when it was not done for too long, from facts", async () => {
  const run = async () => JSON.parse((await bench.run("maintenance", "--json")).out.join("\n")) as Listed;
  const state = async (item: string) => (await run()).items.find((one) => one.item === item)?.state;
  expect((await bench.run("maintenance")).exitCode).toBe(0);
  await bench.sql(
    "INSERT INTO audit_tally (hour, event, outcome, count, min_seq, max_seq) VALUES (date_trunc('hour', now() - interval '60 days'), 'audit.read', 'ok', 1, 1, 1)",
  );
  expect(await state("log_review")).toBe("due");
  expect(await state("vulnerability_check")).toBe("due");
  expect((await bench.run("maintenance")).exitCode).toBe(1);
  await bench.sql("INSERT INTO vulnerability_check (id, at, verdict, report) VALUES ('a', now(), 'unknown', '{}')");
  expect(await state("vulnerability_check")).toBe("due");
  await bench.sql("INSERT INTO vulnerability_check (id, at, verdict, report) VALUES ('b', now(), 'partial', '{}')");
  expect(await state("vulnerability_check")).toBe("ok");
});

interface Listed {
  items: { item: string; state: string }[];
}
