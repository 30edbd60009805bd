import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { launchScript, quoted } from "#worker/launch/launch-script.ts";
import { OutputSplitter } from "#worker/launch/split-output.ts";
import { writeTar } from "#worker/launch/write-tar.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "openclaw-launch-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const segment = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 60 })
  .filter((text) => !/[/\0]/.test(text) && text !== "." && text !== ".." && Buffer.byteLength(text) < 200);

test("tar itself reads the archive back, whatever the names and the bytes", () => {
  const file = fc.record({
    path: fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/")),
    content: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
  });
  fc.assert(
    fc.property(file, ({ path, content }) => {
      const { status, stdout } = spawnSync("tar", ["-xOf", "-"], { input: writeTar([{ path, content }]) });
      expect({ status, stdout }).toEqual({ status: 0, stdout: content });
    }),
    { numRuns: 60 },
  );
});

test("many files, long names and empty ones come out where they belong", () => {
  const files = ["a", "b/c", `${"d".repeat(90)}/${"e".repeat(90)}/f`, "größe/日本"].map((path, index) => ({
    path,
    content: Buffer.from("x".repeat(index * 511)),
  }));
  expect(spawnSync("tar", ["-xf", "-", "-C", folder], { input: writeTar(files) })).toMatchObject({ status: 0 });
  for (const { path, content } of files) {
    expect(readFileSync(join(folder, path))).toEqual(content);
  }
});

test("a quoted word is one word of the shell and nothing else", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }).filter((text) => !text.includes("\0") && text.isWellFormed()),
      (word) => {
        const { stdout } = spawnSync("/bin/sh", ["-c", `printf %s ${quoted(word)}`], { encoding: "utf8" });
        expect(stdout).toBe(word);
      },
    ),
    { numRuns: 60 },
  );
});

test("CVE-2026-28363 no value gets out of its place in the script", () => {
  const script = launchScript({
    argv: ["printf", "%s|", "$(id)", "`id`", "'; id; '", "a b"],
    env: { OPENCLAW_INSTRUCTIONS: "'$(id)\n\"; id #" },
    link: false,
  }).replace("cd /workspace || exit 126", 'printf "%s|" "$OPENCLAW_INSTRUCTIONS"');
  const { stdout } = spawnSync("/bin/sh", ["-c", script], { encoding: "utf8" });
  expect(stdout).toBe(`'$(id)\n"; id #|$(id)|\`id\`|'; id; '|a b|`);
});

const MARK = "\nend_0123x_4567\n";

test("output and archive are told apart wherever the chunks begin", () => {
  const text = fc.array(fc.constantFrom("\n", "end_", "\nend_0123", "x", "end_0123x_4567", "\n\n"), { maxLength: 8 });
  fc.assert(
    fc.property(
      text,
      fc.uint8Array({ maxLength: 50 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 7 }),
      (words, bytes, ended, size) => {
        const output = words.join("");
        fc.pre(!`${output}${MARK}`.slice(0, -1).includes(MARK));
        const whole = Buffer.concat([Buffer.from(output), ...(ended ? [Buffer.from(MARK), bytes] : [])]);
        const splitter = new OutputSplitter(MARK);
        const seen: Buffer[] = [];
        for (let at = 0; at < whole.length; at += size) {
          seen.push(splitter.push(whole.subarray(at, at + size)));
        }
        seen.push(splitter.end());
        expect(Buffer.concat(seen).toString()).toBe(output);
        expect(splitter.kept).toEqual(ended ? { archive: Buffer.from(bytes) } : null);
      },
    ),
  );
});

test("an archive that is too large is not kept and uses no memory", () => {
  const splitter = new OutputSplitter(MARK);
  splitter.push(Buffer.from(MARK));
  const chunk = Buffer.alloc(1024 * 1024);
  for (let count = 0; count < 50; count += 1) {
    splitter.push(chunk);
  }
  expect(splitter.kept).toEqual({ archive: null });
});
