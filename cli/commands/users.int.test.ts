/** `openclaw users`, against a real database. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { registerUserFactors } from "./users.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { openTestKeyring } from "../../tests/support/keyring.ts";
import { codeAt } from "../../tests/support/members.ts";

let bench: CliBench;
beforeAll(async () => {
  bench = await openCliBench(registerUserFactors);
  await openTestKeyring(bench.paths.keysDir);
  await bench.sql("INSERT INTO gateway_user (id, role_name) VALUES ('ana', 'user')");
});
afterAll(() => bench.close());

describe("openclaw users", () => {
  it("enrols an authenticator in two steps, and takes it away", async () => {
    const begun = await bench.run("users", "enrol-totp", "ana");
    expect(begun.out).toHaveLength(1);
    expect(begun.err.join("\n")).toContain("--code <digits>");
    const seed = new URL(begun.out[0] ?? "").searchParams.get("secret") ?? "";
    const [row] = await bench.sql<{ pending_seed: string; seed: string | null }>("SELECT * FROM user_factor");
    expect(row?.seed).toBeNull();
    expect(row?.pending_seed).not.toContain(seed);
    const wrong = codeAt(seed, 0);
    expect(await bench.run("users", "enrol-totp", "ana", "--code", wrong)).toMatchObject({
      exitCode: 2,
      err: [expect.stringMatching(/not right/)],
    });
    expect(await bench.run("users", "enrol-totp", "ana", "--code", codeAt(seed, Date.now()))).toEqual({
      out: ["The authenticator of user ana counts from now on."],
      err: [],
      exitCode: 0,
    });
    expect(await bench.run("users", "enrol-totp", "ana")).toMatchObject({ exitCode: 1 });
    expect(await bench.run("users", "remove-totp", "ana")).toMatchObject({ exitCode: 0 });
    expect(await bench.run("users", "remove-totp", "ana")).toMatchObject({ exitCode: 3 });
  });

  it("knows only users with a record", async () => {
    expect(await bench.run("users", "enrol-totp", "nobody")).toMatchObject({
      exitCode: 3,
      err: [expect.stringMatching(/There is no user "nobody"/)],
    });
  });
});
