import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { registerGateway } from "./gateway.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";

let bench: CliBench;

beforeAll(async () => {
  bench = await openCliBench(registerGateway);
});
afterAll(() => bench.close());

const openclaw = (...args: string[]) => bench.run("gateway", ...args);

async function json<T>(...args: string[]): Promise<T> {
  const { out, err } = await openclaw(...args, "--json");
  expect(err.join("\n")).not.toMatch(/ocg_/);
  return JSON.parse(out.join("\n")) as T;
}
type Issued = { id: string; token: string; expiresAt: string | null };

describe("openclaw gateway", () => {
  it("AUTH-1 generate-token without any option prints one token on standard output and what to know on standard error", async () => {
    const { out, err } = await openclaw("generate-token");
    expect(out).toEqual([expect.stringMatching(/^ocg_\w{12}_[\w-]{43}\w{6}$/)]);
    expect(err.join("\n")).toMatch(/not shown again.*role "user", expires /s);
    expect(err.join("\n")).not.toContain("ocg_");
  });

  it("AUTH-1 takes every option and answers with id, token and expiry as JSON", async () => {
    const rights = ["--role", "admin", "--scopes", "read, runs:create", "--channels", "api,slack"];
    const names = ["--name", "bot", "--owner", "ana", "--user", "ana"];
    const limits = ["--allowed-ips", "10.0.0.0/8,::1", "--expires", "30d"];
    const created = await json<Issued>("generate-token", ...names, ...rights, ...limits);
    expect(Object.keys(created)).toEqual(["id", "token", "expiresAt"]);
    const days = (Date.parse(created.expiresAt ?? "") - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(29.9);
    expect(days).toBeLessThan(30.1);

    const listed = await json<object[]>("list-tokens", "--owner", "ana");
    expect(listed).toMatchObject([
      {
        ...{ id: created.id, name: "bot", owner: "ana", role: "admin", user: "ana", familyId: created.id },
        ...{ scopes: ["read", "runs:create"], channels: ["api", "slack"], allowedIps: ["10.0.0.0/8", "::1"] },
        ...{ state: "active", successorId: null, lastUsedAt: null, expiresAt: created.expiresAt },
      },
    ]);
    expect(JSON.stringify(listed)).not.toContain(created.token.slice(18, 50));
  });

  it("AUTHZ-1 a token of the default role can be used on the API; a channel that its role lacks is pointed out", async () => {
    const { err } = await openclaw("generate-token", "--owner", "cli", "--channels", "api,slack");
    expect(err.join("\n")).toContain('It cannot use slack: role "user" does not have that channel.');
    expect((await openclaw("generate-token", "--owner", "cli", "--channels", "api")).err.join("\n")).not.toContain(
      "cannot use",
    );
  });

  it("AUTH-3 list-tokens shows a table with the hint, never the secret; revoked ones only with --all", async () => {
    const { id, token } = await json<Issued>(
      "generate-token",
      "--name",
      "gone",
      "--owner",
      "eve",
      "--expires",
      "never",
    );
    const revoked = await openclaw("revoke-token", id, "--reason", "laptop lost");
    expect(revoked.out).toEqual([`Token ${id} is revoked.`]);
    expect((await openclaw("revoke-token", id)).out).toEqual([`Token ${id} was revoked before.`]);
    expect(await json("revoke-token", id)).toEqual({ id, revoked: [] });

    const live = await openclaw("list-tokens", "--owner", "eve");
    expect([live.out, live.err.at(-1)]).toEqual([[], expect.stringContaining("no live token")]);
    const { out } = await openclaw("list-tokens", "--owner", "eve", "--all");
    expect(out[0]).toMatch(/^ID +NAME +OWNER +ROLE +MODELS +TOKEN +CREATED +LAST USED +FROM +EXPIRES +STATE$/);
    expect(out[1]).toMatch(
      new RegExp(`^${id} +gone +eve +user +all +ocg_${id}_…${token.slice(-4)} .* never +revoked$`),
    );
    expect(out.join("\n")).not.toContain(token.slice(18, 50));
    expect(await json("list-tokens", "--owner", "nobody")).toEqual([]);
  });

  it("AUTHZ-6 gives a token a list of models, shows it, and keeps it in a rotation", async () => {
    const modelsOf = async (owner: string) =>
      (await json<{ models: string[] | null }[]>("list-tokens", "--owner", owner)).map(({ models }) => models);
    const made = await json<Issued>("generate-token", "--owner", "lim", "--models", "openai/gpt-5-mini,local/*");
    expect(await modelsOf("lim")).toEqual([["openai/gpt-5-mini", "local/*"]]);
    await json("rotate-token", made.id, "--now");
    expect(await modelsOf("lim")).toEqual([["openai/gpt-5-mini", "local/*"]]);
    await json("generate-token", "--owner", "none", "--models", "");
    await json("generate-token", "--owner", "all");
    expect([await modelsOf("none"), await modelsOf("all")]).toEqual([[[]], [null]]);
    await json("generate-token", "--owner", "one", "--models", "local/*");
    const columnOf = async (owner: string): Promise<string | undefined> =>
      (await openclaw("list-tokens", "--owner", owner)).out[1]?.split(/ {2,}/)[4];
    expect(await Promise.all(["lim", "one", "none", "all"].map(columnOf))).toEqual([
      "openai/gpt-5-mini +1",
      "local/*",
      "none",
      "all",
    ]);
  });

  it("AUTH-3 lists more than one page", async () => {
    const config = JSON.stringify({ gateway: { tokenConfig: { maxTokens: 500 } } });
    bench.configure(config);
    await bench.sql(
      `INSERT INTO token (id, name, owner_id, role_name, scopes, channels, allowed_ips, secret_hash, pepper_id, last4, family_id)
       SELECT lpad(n::text, 12, '0'), 'bot', 'pages', 'user', '{}', '{}', '{}', sha256(n::text::bytea), 'p', 'abcd', lpad(n::text, 12, '0')
       FROM generate_series(1, 450) AS n`,
    );
    const listed = await json<{ id: string }[]>("list-tokens", "--owner", "pages");
    expect(new Set(listed.map(({ id }) => id)).size).toBe(450);
    bench.configure("{}");
  });

  it("AUTH-7 the sixth token of an owner is refused with what to revoke", async () => {
    for (let made = 0; made < 5; made += 1) {
      expect((await openclaw("generate-token", "--owner", "full")).exitCode).toBe(0);
    }
    const { out, err, exitCode } = await openclaw("generate-token", "--owner", "full");
    expect([out, exitCode]).toEqual([[], 1]);
    expect(err.join("\n")).toMatch(/5 of 5 live tokens.*Revoke one first: /);
  });

  it("ends a family together", async () => {
    const first = await json<Issued>("generate-token", "--owner", "fam");
    const second = await json<Issued>("rotate-token", first.id);
    const ended = await json<{ revoked: string[] }>("revoke-token", second.id, "--family");
    expect(ended.revoked.toSorted()).toEqual([first.id, second.id].toSorted());
    expect((await openclaw("revoke-token", first.id, "--family")).out).toEqual([
      `The family of token ${first.id} was revoked before.`,
    ]);
  });

  it.each<[string, string[], RegExp, number]>([
    ["an unknown role", ["generate-token", "--role", "ghost"], /"ghost" does not exist.*admin, (readonly, )?user/, 2],
    ["a bad lifetime", ["generate-token", "--expires", "soon"], /--expires: "soon" is not a duration/, 2],
    [
      "a bad model",
      ["generate-token", "--models", "gpt-5"],
      /models\.0: must be "provider\/model".*such as "openai\/\*"/,
      2,
    ],
    ["a bad format", ["list-tokens", "--format", "xml"], /--format: "xml"/, 2],
    ["an unknown token", ["revoke-token", "nosuchtoken0"], /no token "nosuchtoken0".*list-tokens/, 3],
  ])("refuses %s and says what to do", async (_name, args, message, code) => {
    const { out, err, exitCode } = await openclaw(...args);
    expect([out, exitCode]).toEqual([[], code]);
    expect(err.join("\n")).toMatch(message);
  });

  it("says to start the gateway when nothing runs in this home", () => {
    const { status, stderr } = spawnSync(process.execPath, ["cli/main.ts", "gateway", "list-tokens"], {
      env: { ...process.env, OPENCLAW_HOME: `${bench.paths.home}/elsewhere` },
      encoding: "utf8",
    });
    expect(status).toBe(5);
    expect(stderr).toMatch(/npm start/);
  });

  it.each(["generate-token", "rotate-token", "list-tokens", "revoke-token"])("%s has help with examples", (command) => {
    const { stdout } = spawnSync(process.execPath, ["cli/main.ts", "gateway", command, "--help"], { encoding: "utf8" });
    expect(stdout).toContain("--json");
    expect(stdout).toMatch(new RegExp(`Examples?:\\n  openclaw gateway ${command}`));
  });
});
