import { chmodSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { registerGateway } from "./gateway.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";

const LITERAL = "k3Zt9QwLx7VbN2mRf8Yc5HjP";

let bench: CliBench;

beforeAll(async () => {
  bench = await openCliBench(registerGateway);
});
afterAll(() => bench.close());
beforeEach(async () => {
  bench.configure("{}");
  await bench.sql("DELETE FROM token");
});

const openclaw = (...args: string[]) => bench.run("gateway", ...args);
async function json<T>(...args: string[]): Promise<T> {
  const { out, err } = await openclaw(...args, "--json");
  expect(out.length, err.join("\n")).toBe(1);
  return JSON.parse(out.join("\n")) as T;
}
interface Issued {
  id: string;
  token: string;
  expiresAt: string | null;
}
interface Rotated extends Issued {
  replaces: string;
  graceEndsAt: string | null;
}
const generate = (...args: string[]) => json<Issued>("generate-token", ...args);
const rotate = (...args: string[]) => json<Rotated>("rotate-token", ...args);
const configText = () => readFileSync(bench.paths.configFile, "utf8");
const configuredToken = () => /token: "([^"]*)"/.exec(configText())?.[1];
const stateOf = async (id: string) =>
  (await json<{ id: string; state: string }[]>("list-tokens", "--all")).find((token) => token.id === id)?.state;

describe("openclaw gateway rotate-token <id>", () => {
  it("AUTH-2 prints the new token alone; the old one works for an hour", async () => {
    const old = await generate();
    const { out, err } = await openclaw("rotate-token", old.id);
    expect(out).toEqual([expect.stringMatching(/^ocg_\w{12}_[\w-]{43}\w{6}$/)]);
    expect(err.join("\n")).toMatch(new RegExp(`replaces ${old.id}, which works until .* expires `));
    expect(err.join("\n")).not.toContain(out[0]);
    expect(await stateOf(old.id)).toBe("superseded");
  });

  it("AUTH-2 --grace, --expires and --now do what they say", async () => {
    const first = await generate("--expires", "30d");
    const second = await rotate(first.id, "--grace", "2d", "--expires", "10d");
    expect(Object.keys(second)).toEqual(["id", "token", "expiresAt", "replaces", "graceEndsAt"]);
    const days = (text: string | null) => (Date.parse(text ?? "") - Date.now()) / 86_400_000;
    expect(days(second.graceEndsAt)).toBeCloseTo(2, 1);
    expect(days(second.expiresAt)).toBeCloseTo(10, 1);
    const third = await rotate(second.id, "--now");
    expect(await stateOf(second.id)).toBe("expired");
    expect(days(third.expiresAt)).toBeCloseTo(10, 1);
    expect((await rotate(third.id, "--expires", "never")).expiresAt).toBeNull();
  });

  it.each<[string, string[], RegExp]>([
    ["a grace that is none", ["--grace", "a while"], /--grace: "a while" is not a duration/],
    ["more than seven days", ["--grace", "8d"], /graceMs/],
    ["two graces", ["--grace", "1h", "--now"], /--now: means no grace/],
    ["an id and an owner", ["--owner", "ana"], /--owner: an id names one token already/],
    ["a bad lifetime", ["--expires", "soon"], /--expires: "soon"/],
  ])("AUTH-2 refuses %s and changes nothing", async (_name, args, message) => {
    const { id } = await generate();
    const { out, err, exitCode } = await openclaw("rotate-token", id, ...args);
    expect([out, exitCode]).toEqual([[], 2]);
    expect(err.join("\n")).toMatch(message);
    expect(await stateOf(id)).toBe("active");
  });

  it("AUTH-2 an unknown id is not found, a replaced token names its successor", async () => {
    expect(await openclaw("rotate-token", "nosuchtoken0")).toMatchObject({ out: [], exitCode: 3 });
    const { id } = await generate();
    const next = await rotate(id);
    const { err, exitCode } = await openclaw("rotate-token", id);
    expect([err.join("\n"), exitCode]).toEqual([expect.stringContaining(next.id), 1]);
  });
});

describe("openclaw gateway rotate-token", () => {
  it("AUTH-2 rotates the operator's newest token and says which", async () => {
    const older = await generate();
    const newer = await generate("--name", "second");
    await generate("--owner", "ana");
    const { err, out } = await openclaw("rotate-token");
    expect(err[0]).toContain(`Rotating the newest token of "operator": ${newer.id} (second).`);
    expect([await stateOf(older.id), await stateOf(newer.id)]).toEqual(["active", "superseded"]);
    // The next one is the successor, not what it has replaced.
    const again = await openclaw("rotate-token");
    expect(again.err[0]).toContain(out[0]?.slice(4, 16));
  });

  it("AUTH-2 --owner chooses whose; with none left it says how to make one", async () => {
    const { id } = await generate("--owner", "ana");
    expect((await rotate("--owner", "ana", "--now")).replaces).toBe(id);
    await bench.sql("DELETE FROM token");
    const { out, err, exitCode } = await openclaw("rotate-token", "--owner", "ana");
    expect([out, exitCode]).toEqual([[], 3]);
    expect(err.join("\n")).toContain("openclaw gateway generate-token --owner ana");
  });

  it("AUTH-2 AUTH-4 replaces gateway.token in the file, keeps its comments, and prints the new value once", async () => {
    bench.configure(`{\n  // mine\n  gateway: { token: "${LITERAL}" },\n}\n`);
    const rotated = await rotate();
    expect(rotated).toEqual({
      id: "gateway.token",
      token: expect.stringMatching(/^ocg_/) as string,
      expiresAt: null,
      replaces: "gateway.token",
      graceEndsAt: null,
    });
    expect(configText()).toBe(`{\n  // mine\n  gateway: { token: "${rotated.token}" },\n}\n`);
    const events = await bench.sql<{ target: string; text: string }>(
      `SELECT target, record::text AS text FROM ${RECORDED} AS record WHERE event = 'token.rotated' AND target = 'gateway.token'`,
    );
    expect(events.length).toBe(1);
    expect(JSON.stringify(events)).not.toContain(rotated.token.slice(18, 50));
    const plain = await openclaw("rotate-token");
    expect(plain.out).toEqual([configuredToken()]);
    expect(plain.err.join("\n")).not.toContain(configuredToken());
  });

  it("AUTH-2 AUTH-4 a token of the database in the file is rotated in both places", async () => {
    const old = await generate("--role", "admin");
    bench.configure(`{ gateway: { token: "${old.token}" } }`);
    const next = await rotate("--grace", "10m");
    expect(next.replaces).toBe(old.id);
    expect(configuredToken()).toBe(next.token);
    expect([await stateOf(old.id), await stateOf(next.id)]).toEqual(["superseded", "active"]);
  });

  it("AUTH-2 AUTH-4 one that has ended in the database is still replaced in the file", async () => {
    const old = await generate("--role", "admin");
    await openclaw("revoke-token", old.id);
    bench.configure(`{ gateway: { token: "${old.token}" } }`);
    expect(await rotate()).toMatchObject({ id: "gateway.token", replaces: "gateway.token" });
    expect(configText()).not.toContain(old.token);
  });

  it("AUTH-4 a value from the environment is left alone, and the message says how to change it", async () => {
    process.env["OPENCLAW_TEST_TOKEN"] = LITERAL;
    bench.configure('{ gateway: { token: "${OPENCLAW_TEST_TOKEN}" } }');
    const { id } = await generate();
    const { out, err, exitCode } = await openclaw("rotate-token");
    expect([out, exitCode]).toEqual([[], 6]);
    expect(err.join("\n")).toMatch(/environment \(OPENCLAW_TEST_TOKEN\).*rotate-token <id>/s);
    expect((await rotate(id)).replaces).toBe(id);
    expect(configText()).toContain("${OPENCLAW_TEST_TOKEN}");
    delete process.env["OPENCLAW_TEST_TOKEN"];
  });

  it.each([
    ["--expires", "1d"],
    ["--grace", "1h"],
  ])("AUTH-4 refuses %s for a gateway.token that knows none", async (...args) => {
    bench.configure(`{ gateway: { token: "${LITERAL}" } }`);
    expect(await openclaw("rotate-token", ...args)).toMatchObject({ out: [], exitCode: 2 });
    expect(configuredToken()).toBe(LITERAL);
  });

  it("AUTH-4 a file that cannot be written loses neither the new token nor the way on", async () => {
    const old = await generate("--role", "admin");
    bench.configure(`{ gateway: { token: "${old.token}" } }`);
    chmodSync(bench.paths.configDir, 0o500);
    const { out, err, exitCode } = await openclaw("rotate-token", "--json");
    chmodSync(bench.paths.configDir, 0o700);
    // A privileged account writes all the same.
    if (process.getuid?.() !== 0) {
      expect(exitCode).toBe(6);
      expect(err.join("\n")).toMatch(/still holds the old one.*config set gateway\.token -/s);
    }
    const { id, token } = JSON.parse(out.join("\n")) as Rotated;
    expect(token).toContain(id);
    expect(await stateOf(id)).toBe("active");
  });
});
