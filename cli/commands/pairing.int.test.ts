/** `openclaw pairing`, against a real database. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { registerPairing } from "./pairing.ts";
import { pairingCodeHash } from "#server/channels/pairing/code.ts";
import { loadPepper } from "#server/tokens/index.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";

let bench: CliBench;
beforeAll(async () => {
  bench = await openCliBench(registerPairing);
});
afterAll(() => bench.close());

async function wait(id: string, senderId: string, code: string): Promise<void> {
  const hash = Buffer.from(pairingCodeHash(loadPepper(bench.paths), "telegram", code)).toString("hex");
  await bench.sql(
    `INSERT INTO pairing_request (id, channel, sender_id, label, code_hash, expires_at)
     VALUES ('${id}', 'telegram', '${senderId}', E'An\\u202Ea', '\\x${hash}', now() + interval '1 hour')`,
  );
}

describe("openclaw pairing", () => {
  it("lists, approves, shows and removes", async () => {
    await wait("par_one", "42", "ABCDEFGH");
    const listed = await bench.run("pairing", "list");
    expect(listed.out.join("\n")).toMatch(/par_one +telegram +42 +An\?a/);
    expect(JSON.stringify(listed)).not.toContain("ABCDEFGH");
    expect(await bench.run("pairing", "approve", "telegram", "ABCDEFGH", "--user", "ana", "--role", "user")).toEqual({
      out: ["Sender 42 of telegram is user ana now, with role user."],
      err: [],
      exitCode: 0,
    });
    const shown = await bench.run("pairing", "identities", "--json");
    expect(JSON.parse(shown.out.join(""))).toMatchObject([
      { channel: "telegram", senderId: "42", userId: "ana", approvedBy: "operator:cli" },
    ]);
    expect((await bench.run("pairing", "remove", "telegram", "42")).out).toEqual([
      "Sender 42 of telegram is user ana no more.",
    ]);
    expect(await bench.run("pairing", "remove", "telegram", "42")).toMatchObject({ exitCode: 3 });
  });

  it("refuses by id or code; a wrong code is counted over restarts", async () => {
    await wait("par_two", "43", "BCDEFGHJ");
    await wait("par_three", "44", "CDEFGHJK");
    expect(await bench.run("pairing", "refuse", "telegram", "par_two")).toMatchObject({ exitCode: 0 });
    expect(await bench.run("pairing", "refuse", "telegram", "cdefghjk")).toMatchObject({ exitCode: 0 });
    for (let n = 0; n < 6; n += 1) {
      expect(await bench.run("pairing", "approve", "telegram", "ZZZZZZZZ", "--user", "ana")).toMatchObject({
        exitCode: 3,
        err: [expect.stringMatching(/No open pairing request/)],
      });
    }
    // Each command was a process of its own as far as the counting goes.
    expect(await bench.run("pairing", "approve", "telegram", "ZZZZZZZZ", "--user", "ana")).toMatchObject({
      exitCode: 4,
      err: [expect.stringMatching(/Too many wrong codes/)],
    });
  });
});
