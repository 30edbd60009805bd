import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { registerFiles } from "./files.ts";
import { registerQuarantine } from "./quarantine.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";

let bench: CliBench;
let root: string;
const KEY = "-----BEGIN PRIVATE KEY-----";

beforeAll(async () => {
  bench = await openCliBench((program, context) => {
    registerFiles(program, context);
    registerQuarantine(program, context);
  });
  root = realpathSync(mkdtempSync(join(tmpdir(), "openclaw-cli-files-")));
  bench.configure(JSON.stringify({ security: { fileSystem: { allowedPaths: [root] } } }));
  writeFileSync(join(root, "a.txt"), "hello");
  writeFileSync(join(root, "key.txt"), KEY);
});
afterAll(async () => {
  rmSync(root, { recursive: true, force: true });
  await bench.close();
});

test("FS-1 FS-3 files check says what the policy says, with exit code 0 or 4", async () => {
  const allowed = await bench.run("files", "check", join(root, "a.txt"));
  expect(allowed).toMatchObject({
    exitCode: 0,
    out: [`ALLOWED  read ${join(root, "a.txt")}`, expect.stringContaining("allowedPaths[0], 5 bytes")],
  });
  for (const [path, code, ...flags] of [
    ["/etc/passwd.txt", "path_denied"],
    ["/srv/a.txt", "path_not_allowed"],
    [join(root, "a.exe"), "extension_denied", "--write"],
    [join(root, "none.txt"), "file_missing"],
  ] as const) {
    const { out, exitCode } = await bench.run("files", "check", path, "--json", ...flags);
    expect([exitCode, JSON.parse(out.join("\n"))]).toEqual([4, expect.objectContaining({ allow: false, code, path })]);
  }
  expect(await bench.run("files", "check", join(root, "new.txt"), "--write")).toMatchObject({ exitCode: 0 });
  expect(await bench.sql("SELECT count(*)::int AS n FROM audit_intake")).toEqual([{ n: 5 }]);
});

test("FS-5 a dangerous file goes to quarantine and comes back, or is deleted, from the command line", async () => {
  const checked = await bench.run("files", "check", join(root, "key.txt"), "--quarantine");
  expect(checked.exitCode).toBe(4);
  expect(checked.out.join("\n")).toMatch(/critical: 1 × private key.*\[secret\]/);
  const id = /qua_\w+/.exec(checked.out.join("\n"))?.[0] ?? "";

  const listed = await bench.run("quarantine", "list");
  expect(listed.out[0]).toMatch(/^ID +STATE +SIZE +SINCE +FINDINGS +NAME$/);
  expect(listed.out[1]).toMatch(new RegExp(`^${id} +stored +27 .* secret +key\\.txt$`));
  expect((await bench.run("quarantine", "show", id)).out.join("\n")).toContain(join(root, "key.txt"));
  expect(JSON.parse((await bench.run("quarantine", "show", id, "--json")).out.join("\n"))).toMatchObject({
    id,
    state: "stored",
  });

  const unforced = await bench.run("quarantine", "restore", id, "--to", root);
  expect([unforced.exitCode, unforced.err.at(-1)]).toEqual([4, expect.stringContaining("--force")]);
  const { out } = await bench.run("quarantine", "restore", id, "--to", root, "--force", "--json");
  expect(JSON.parse(out.join("\n"))).toEqual({ id, path: join(root, "key.txt") });
  expect(readFileSync(join(root, "key.txt"), "utf8")).toBe(KEY);

  expect((await bench.run("quarantine", "delete", id)).out).toEqual([`The content of ${id} is deleted.`]);
  expect((await bench.run("quarantine", "delete", id)).out).toEqual([`The content of ${id} was deleted before.`]);
  expect((await bench.run("quarantine", "list")).err).toEqual(["Nothing is in quarantine."]);
  expect((await bench.run("quarantine", "show", "qua_none")).exitCode).toBe(3);
});
