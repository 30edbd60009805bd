import { afterAll, beforeAll, expect, test } from "vitest";
import { registerAccess } from "./access.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";

let bench: CliBench;
beforeAll(async () => {
  bench = await openCliBench(registerAccess);
  await bench.sql(
    `INSERT INTO member (id, email, name, role_name) VALUES ('mem_ana', 'ana@example.com', 'Ana', 'user'), ('mem_bo', 'bo@example.com', 'Bo', 'user')`,
  );
});
afterAll(() => bench.close());

const set = (...rest: string[]) => bench.run("access", "users", "set", "ana", ...rest);
async function ana(): Promise<unknown> {
  const { out } = await bench.run("access", "users", "list", "--json");
  return (JSON.parse(out.join("\n")) as { id: string }[]).find(({ id }) => id === "ana");
}
const members = async (): Promise<(string | null)[]> => {
  const changes = await bench.sql<{ member: string | null }>(
    `SELECT data->'after'->>'memberId' AS member FROM ${RECORDED} AS record WHERE event = 'user.changed' AND target = 'ana' ORDER BY n`,
  );
  return changes.map(({ member }) => member);
};

test("APPROVAL-2 a user is bound to a console member by e-mail or id, keeps it in other changes, and is bound to none again", async () => {
  const made = await set("--role", "user", "--member", "Ana@Example.com");
  expect(made).toMatchObject({
    exitCode: 0,
    out: ["User ana is made: role user, channels of the role, no limit, console member mem_ana."],
  });
  expect(await set("--channels", "api")).toMatchObject({ exitCode: 0 });
  expect(await ana()).toMatchObject({ memberId: "mem_ana", channels: ["api"] });
  const table = await bench.run("access", "users", "list");
  expect(table.out[0]).toMatch(/^ID .*CONSOLE MEMBER +WRITTEN IN$/);
  expect(table.out.find((line) => line.startsWith("ana "))).toMatch(/ mem_ana /);
  const moved = await set("--member", "mem_bo", "--json");
  expect(JSON.parse(moved.out.join("\n"))).toMatchObject({
    before: { memberId: "mem_ana" },
    after: { memberId: "mem_bo", channels: ["api"] },
  });
  expect(await set("--no-member")).toMatchObject({
    exitCode: 0,
    out: ["User ana is set: role user, channels api, no limit."],
  });
  expect(await ana()).toMatchObject({ memberId: null, channels: ["api"] });
  expect(await members()).toEqual(["mem_ana", "mem_ana", "mem_bo", null]);
});

test.each(["nobody@example.com", "mem_none", "' OR true --"])(
  "APPROVAL-2 a member that is not there is refused, the field named, and nothing changes: %s",
  async (unknown) => {
    await set("--role", "user", "--member", "mem_ana");
    const before = await members();
    expect(await set("--channels", "slack", "--member", unknown)).toEqual({
      exitCode: 2,
      out: [],
      err: [
        `User memberId: no console member has the id or e-mail address "${unknown}". Take one from the list of members.`,
      ],
    });
    expect(await ana()).toMatchObject({ memberId: "mem_ana" });
    expect(await members()).toEqual(before);
  },
);

test("APPROVAL-2 an empty name is refused as one, rather than taken for none", async () => {
  const { exitCode, err } = await set("--role", "user", "--member", "  ");
  expect([exitCode, err.join()]).toEqual([2, expect.stringContaining("memberId")]);
});
