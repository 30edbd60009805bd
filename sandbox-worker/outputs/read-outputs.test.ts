import { spawnSync } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { tar as makeTar } from "#server/files/test/archives.ts";
import { RUN_FILE_LIMITS } from "#server/files/schema.ts";
import { writeTar } from "#worker/launch/write-tar.ts";
import { readArchive } from "#worker/outputs/read-archive.ts";
import { readOutputs, type OutputFile } from "#worker/outputs/read-outputs.ts";

const rules = {
  restrictions: { maxFileSize: 5000, maxPathLength: 255, allowedExtensions: [".txt"], deniedExtensions: [".exe"] },
  monitoring: { logFileAccess: true, alertOnSuspicious: true, quarantineSuspicious: true },
};
const read = (tar: Buffer, wanted = ["out"], more: Partial<typeof rules> = {}): Promise<OutputFile[]> =>
  readOutputs(tar, wanted, { ...rules, ...more });
const brief = (files: readonly OutputFile[]) =>
  files.map(({ path, verdict, code }) => [path, code === null ? verdict : `${verdict}: ${code}`]);

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** What tar itself writes of a folder. */
function realTar(fill: (folder: string) => void, ...flags: string[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "openclaw-tar-"));
  folders.push(folder);
  mkdirSync(join(folder, "out"));
  fill(folder);
  const { stdout, status } = spawnSync("tar", ["-cf", "-", ...flags, "--", "./out"], {
    cwd: folder,
    maxBuffer: 64 * 1024 * 1024,
  });
  expect(status).toBe(0);
  return stdout;
}

describe("archives that tar writes", () => {
  const long = `${"n".repeat(120)}.txt`;
  test.each([["gnu"], ["pax"], ["ustar"]])("FS-4 %s: files come out byte for byte, at any depth", async (format) => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    const tar = realTar((folder) => {
      mkdirSync(join(folder, "out/a/b"), { recursive: true });
      writeFileSync(join(folder, "out/a/b/1.txt"), bytes);
      writeFileSync(join(folder, "out/empty.txt"), "");
      writeFileSync(join(folder, "out/ü.txt"), "x");
      if (format !== "ustar") {
        writeFileSync(join(folder, "out", long), "long");
      }
    }, `--format=${format}`);
    const files = new Map((await read(tar)).map((file) => [file.path, file]));
    expect([...files.keys()].sort()).toEqual(
      ["out/a/b/1.txt", "out/empty.txt", "out/ü.txt", ...(format === "ustar" ? [] : [`out/${long}`])].sort(),
    );
    expect([...files.values()].every(({ verdict }) => verdict === "stored")).toBe(true);
    expect(files.get("out/a/b/1.txt")?.content).toEqual(bytes);
  });

  test("SBX-9 links, hard links and FIFOs are never kept, and a hard link's first name is", async () => {
    const tar = realTar((folder) => {
      writeFileSync(join(folder, "out/1.txt"), "x");
      linkSync(join(folder, "out/1.txt"), join(folder, "out/2.txt"));
      symlinkSync("/etc/passwd", join(folder, "out/3.txt"));
      symlinkSync(`/${"d/".repeat(80)}passwd`, join(folder, "out/4.txt"));
      spawnSync("mkfifo", [join(folder, "out/5.txt")]);
    }, "--sort=name");
    expect(brief(await read(tar))).toEqual([
      ["out/1.txt", "stored"],
      ["out/2.txt", "refused: not_a_file"],
      ["out/3.txt", "refused: not_a_file"],
      ["out/4.txt", "refused: not_a_file"],
      ["out/5.txt", "refused: not_a_file"],
    ]);
  });

  test.each([["gnu"], ["pax"]])("a sparse file in %s form is not kept", async (format) => {
    const tar = realTar(
      (folder) => {
        writeFileSync(join(folder, "out/1.txt"), "x");
        truncateSync(join(folder, "out/1.txt"), 3_000_000);
      },
      "--sparse",
      `--format=${format}`,
    );
    const files = await read(tar);
    expect(files.length).toBeGreaterThan(0);
    expect(files.every(({ verdict, content }) => verdict === "refused" && content === null)).toBe(true);
  });
});

test("FS-1 FS-2 FS-3 FS-5 each file is judged by the rules of the file system", async () => {
  const tar = makeTar([
    { name: "./out/good.txt", content: "good" },
    { name: "./out/a.exe", content: "x" },
    { name: "./out/a.pdf", content: "x" },
    { name: "./out/big.txt", content: "x".repeat(5001) },
    { name: "./out/key.txt", content: "-----BEGIN PRIVATE KEY-----" },
    { name: "./out/GOOD.txt", content: "other" },
    { name: "./out/good.txt", content: "again" },
    { name: "./out/../../etc/a.txt", content: "x" },
    { name: "/out/a.txt", content: "x" },
    { name: "./main.txt", content: "not asked for" },
    { name: "./outside.txt", content: "not asked for" },
    { name: "./out/.openclaw/a.txt", content: "x" },
    { name: "./out/a\u{202e}txt.txt", content: "x" },
  ]);
  expect(brief(await read(tar))).toEqual([
    ["out/good.txt", "stored"],
    ["out/a.exe", "refused: extension_denied"],
    ["out/a.pdf", "refused: extension_not_allowed"],
    ["out/big.txt", "refused: file_too_large"],
    ["out/key.txt", "suspicious: content_suspicious"],
    ["out/GOOD.txt", "refused: name_repeated"],
    ["out/good.txt (2)", "refused: name_repeated"],
    ["out/../../etc/a.txt", "refused: path_form"],
    ["/out/a.txt", "refused: not_asked_for"],
    ["main.txt", "refused: not_asked_for"],
    ["outside.txt", "refused: not_asked_for"],
    ["out/.openclaw/a.txt", "refused: name_reserved"],
    ["out/a\u{fffd}txt.txt", "refused: path_characters"],
  ]);
});

test("FS-5 a suspicious file is kept with what was noticed, where quarantine is switched off", async () => {
  const tar = makeTar([{ name: "out/key.txt", content: "-----BEGIN PRIVATE KEY-----" }]);
  const [file] = await read(tar, ["out"], { monitoring: { ...rules.monitoring, quarantineSuspicious: false } });
  expect(file).toMatchObject({ verdict: "stored", reason: expect.stringContaining("private key") as string });
});

test("a wanted file is kept alone, and nothing that only begins like it", async () => {
  const tar = makeTar(["a.txt", "a.txt.txt", "b/a.txt"].map((name) => ({ name })));
  expect(brief(await read(tar, ["a.txt"]))).toEqual([
    ["a.txt", "stored"],
    ["a.txt.txt", "refused: not_asked_for"],
    ["b/a.txt", "refused: not_asked_for"],
  ]);
});

test("FS-2 no more files and bytes are kept of one run than the limits say", async () => {
  const many = makeTar(Array.from({ length: 70 }, (_, index) => ({ name: `out/${index}.txt` })));
  const files = await read(many);
  expect([files.length, files.at(-1)?.code, files.slice(0, -1).every(({ verdict }) => verdict === "stored")]).toEqual([
    RUN_FILE_LIMITS.outputs + 1,
    "too_many_files",
    true,
  ]);
  const part = "x".repeat(9 * 2 ** 20);
  const large = makeTar([1, 2, 3, 4].map((n) => ({ name: `out/${n}.txt`, content: part })));
  const open = { ...rules.restrictions, maxFileSize: 2 ** 30 };
  expect(brief(await read(large, ["out"], { restrictions: open })).map(([, verdict]) => verdict)).toEqual([
    "stored",
    "stored",
    "stored",
    "refused: file_too_large",
  ]);
  expect(brief(await readOutputs(null, ["out"], rules))).toEqual([["(files)", "refused: file_too_large"]]);
});

test("nothing was there", async () => {
  expect(await read(Buffer.alloc(0))).toEqual([]);
  expect(await read(Buffer.alloc(10_240))).toEqual([]);
});

describe("archives that no tar writes", () => {
  const good = { name: "out/1.txt", content: "one" };
  const pax = (...records: string[]) => ({ name: "pax", type: "x", content: records.join("") });
  const record = (text: string): string => {
    const length = Buffer.byteLength(text) + 2;
    const digits = String(length + String(length).length).length;
    return `${length + digits} ${text}\n`;
  };

  test("the records of these tests are what pax writes", () => {
    expect(record("path=a")).toBe("9 path=a\n");
    expect(readArchive(makeTar([pax(record("path=out/2.txt")), good])).entries[0]?.path).toBe("out/2.txt");
  });

  test.each([
    ["a size in pax", [pax(record("size=1")), good]],
    ["a link in pax", [pax(record("linkpath=/etc/passwd")), good]],
    ["a sparse map in pax", [pax(record("GNU.sparse.major=1")), good]],
    ["another character set", [pax(record("hdrcharset=BINARY")), good]],
    ["a link's target before a file", [{ name: "l", type: "K", content: "x\0" }, good]],
  ])("%s: that file is refused", async (_what, parts) => {
    expect(brief(await read(makeTar([...parts, { name: "out/9.txt" }])))).toEqual([
      ["out/1.txt", "refused: not_a_file"],
      ["out/9.txt", "stored"],
    ]);
  });

  test.each([
    ["a global pax header", [{ name: "g", type: "g", content: record("path=out/2.txt") }, good]],
    ["two names in one header", [pax(record("path=out/1.txt"), record("path=out/2.txt")), good]],
    ["two long names", [{ name: "l", type: "L", content: "a" }, { name: "l", type: "L", content: "b" }, good]],
    ["a pax name and a long name", [pax(record("path=out/2.txt")), { name: "l", type: "L", content: "b" }, good]],
    ["a long name with more behind its end", [{ name: "l", type: "L", content: "out/2.txt\0x" }, good]],
    ["a record that is longer than its header", [pax("99 path=out/2.txt\n"), good]],
    ["a record with a length of nothing", [pax("0 path=a\n"), good]],
    ["a header about nothing", [pax(record("path=out/2.txt"))]],
    ["a volume label", [{ name: "label", type: "V" }, good]],
    ["a contiguous file", [{ name: "out/2.txt", type: "7" }, good]],
    ["a folder with content", [{ name: "out/", type: "5", content: "x" }, good]],
    ["a link with content", [{ name: "out/2.txt", type: "2", link: "x", content: "x" }, good]],
  ])("%s: nothing from there on is read", async (_what, parts) => {
    const files = await read(makeTar([{ name: "out/0.txt" }, ...parts]));
    expect(brief(files)).toEqual([
      ["out/0.txt", "stored"],
      ["(files)", "refused: archive_damaged"],
    ]);
  });

  test("sizes beyond the end, in base 256, or with signs, wrong checksums and cut ends are damage", () => {
    const whole = makeTar([good]);
    const changed = (at: number, text: string | Buffer, fix = true): Buffer => {
      const copy = Buffer.from(whole);
      Buffer.from(text).copy(copy, at);
      if (fix) {
        copy.fill(0x20, 148, 156);
        const sum = copy.subarray(0, 512).reduce((total, byte) => total + byte, 0);
        copy.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
      }
      return copy;
    };
    for (const tar of [
      changed(124, "77777777777\0"),
      changed(124, Buffer.from("800000000000000000000003", "hex")),
      changed(124, "-0000000003\0"),
      changed(124, "0000000003x\0"),
      changed(124, "000\x000000003\0"),
      changed(257, "zip  "),
      changed(0, "x", false),
      whole.subarray(0, 513),
      whole.subarray(0, 700),
      whole.subarray(0, 1024),
    ]) {
      const { entries, damage } = readArchive(tar);
      expect([entries.length <= 1, damage]).toEqual([true, expect.any(String)]);
    }
  });

  test("a name with NUL or control characters is refused and can be stored and shown", async () => {
    const path = "out/a\0\n\u{1b}[2J.txt";
    const [file] = await read(makeTar([pax(record(`path=${path}`)), good]));
    expect(file).toMatchObject({ verdict: "refused", code: "path_characters" });
    expect(`${file?.path}${file?.reason}`).not.toMatch(/\p{Cc}/u);
  });

  test("a name that is not UTF-8 is refused, not kept under another", async () => {
    const tar = makeTar([good]);
    tar[4] = 0xff;
    tar.fill(0x20, 148, 156);
    tar.write(
      `${tar
        .subarray(0, 512)
        .reduce((total, byte) => total + byte, 0)
        .toString(8)
        .padStart(6, "0")}\0 `,
      148,
    );
    expect(brief(await read(tar))).toEqual([["out/\u{fffd}.txt", "refused: not_a_file"]]);
  });
});

const SAFE = /^out(?:\/[^/\0]+)+$/;

test("FS-1 whatever the bytes are, only plain paths below the wanted folder come out, each once, within the limits", async () => {
  const base = makeTar([
    { name: "out/1.txt", content: "one" },
    { name: "l", type: "L", content: "out/long.txt\0" },
    { name: "x", content: "two" },
    { name: "pax", type: "x", content: "18 path=out/3.txt\n" },
    { name: "y", content: "3" },
    { name: "out/l.txt", link: "/etc/passwd" },
  ]);
  expect(brief(await read(base))).toEqual([
    ["out/1.txt", "stored"],
    ["out/long.txt", "stored"],
    ["out/3.txt", "stored"],
    ["out/l.txt", "refused: not_a_file"],
  ]);
  const change = fc.tuple(fc.nat(base.length - 1), fc.uint8Array({ minLength: 1, maxLength: 12 }));
  const fix = (tar: Buffer): void => {
    for (let at = 0; at + 512 <= tar.length; at += 512) {
      if (tar.toString("latin1", at + 257, at + 262) === "ustar") {
        tar.fill(0x20, at + 148, at + 156);
        const sum = tar.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
        tar.write(`${sum.toString(8).padStart(6, "0")}\0 `, at + 148, "latin1");
      }
    }
  };
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 6 }), fc.boolean(), async (changes, fixed) => {
      const tar = Buffer.from(base);
      changes.forEach(([at, bytes]) => Buffer.from(bytes).copy(tar, at));
      if (fixed) {
        fix(tar);
      }
      const files = await read(tar);
      expect(new Set(files.map(({ path }) => path)).size).toBe(files.length);
      for (const { path, verdict, content, bytes, reason } of files) {
        // Neither could be stored nor shown.
        expect(`${path}${reason ?? ""}`).not.toMatch(/[\p{Cc}\p{Cs}]/u);
        if (verdict === "refused") {
          expect(content).toBeNull();
        } else {
          expect(path).toMatch(SAFE);
          expect(path.split("/")).not.toContain("..");
          expect(content?.length).toBe(bytes);
        }
      }
    }),
    { numRuns: 1_500 },
  );
});

test("what this gateway writes for a container it can read back", async () => {
  const path = `out/${"d/".repeat(70)}ü.txt`;
  const tar = writeTar([{ path, content: Buffer.from("x") }]);
  expect(brief(await read(tar))).toEqual([[path, "stored"]]);
});
