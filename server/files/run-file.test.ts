import fc from "fast-check";
import { expect, test } from "vitest";
import { newLook } from "#server/files/archive.ts";
import { judgeRunFile, noticed, RunFileNames, wantedPathRefusal } from "#server/files/run-file.ts";

const restrictions = {
  maxFileSize: 1000,
  maxPathLength: 64,
  allowedExtensions: [".txt", ".py", ".zip"],
  deniedExtensions: [".exe", ".sh"],
};

function codeOf(path: string, direction: "input" | "output" = "input", content = "x"): string {
  const names = new RunFileNames({ restrictions });
  const judged = judgeRunFile({ restrictions }, names, { path, direction, content: Buffer.from(content) }, newLook());
  return judged.verdict === "refused" ? judged.refusal.code : judged.verdict;
}

test.each([
  ["a.txt", "stored"],
  ["data/2026/a.txt", "stored"],
  ["-rf.txt", "stored"],
  ["data/main.py", "stored"],
  ["/a.txt", "path_form"],
  ["a.txt/", "path_form"],
  ["../a.txt", "path_form"],
  ["a/../../b.txt", "path_form"],
  ["a/./b.txt", "path_form"],
  ["a//b.txt", "path_form"],
  ["", "path_form"],
  [".", "path_form"],
  ["..", "path_form"],
  ["..\\a.txt", "path_form"],
  ["\u{2025}/a.txt", "path_form"],
  ["\u{ff0f}a.txt", "path_form"],
  ["a\0.txt", "path_characters"],
  ["a\n.txt", "path_characters"],
  ["txt.\u{202e}exe.txt", "path_characters"],
  ["\u{d800}.txt", "path_characters"],
  ["main.py", "name_reserved"],
  ["MAIN.PY", "name_reserved"],
  ["m\u{200b}ain.py", "name_reserved"],
  ["main.py/a.txt", "name_reserved"],
  [".openclaw/run.txt", "name_reserved"],
  ["data/.OpenClaw/a.txt", "name_reserved"],
])("FS-1 an input named %j: %s", (path, code) => {
  expect(codeOf(path)).toBe(code);
});

test("FS-1 the program's own name is reserved for what comes in; a program may keep what it wrote there", () => {
  expect(codeOf("main.py", "output")).toBe("stored");
  expect(codeOf(".openclaw/a.txt", "output")).toBe("name_reserved");
});

test("FS-2 size and length of the path are limited, and named", () => {
  expect(codeOf("a.txt", "input", "x".repeat(1000))).toBe("stored");
  expect(codeOf("a.txt", "input", "x".repeat(1001))).toBe("file_too_large");
  expect(codeOf(`${"d".repeat(60)}/a.txt`)).toBe("path_too_long");
});

test("FS-3 extensions are judged as those of files of the host", () => {
  expect(["a.exe", "a.EXE.txt", "a.md", "README", "a.txt."].map((path) => codeOf(path))).toEqual([
    "extension_denied",
    "extension_denied",
    "extension_not_allowed",
    "extension_missing",
    "name_trailing",
  ]);
});

test("FS-5 what is critical is suspicious, what is odd is noticed", () => {
  expect(codeOf("key.txt", "input", "-----BEGIN PRIVATE KEY-----")).toBe("suspicious");
  expect(codeOf("run.txt", "output", "#!/bin/sh\ntrue")).toBe("suspicious");
  expect(codeOf("in\u{200b}visible.txt")).toBe("suspicious");
  expect(noticed([])).toBeNull();
  const odd = judgeRunFile(
    { restrictions },
    new RunFileNames({ restrictions }),
    { path: "a.zip", direction: "input", content: Buffer.from("PK\x03\x04 and nothing more of it") },
    newLook(),
  );
  expect(odd).toMatchObject({ verdict: "stored", findings: [{ code: "archive_damaged", severity: "warn" }] });
});

test.each([
  [["a.txt", "a.txt"], 1],
  [["a.txt", "A.TXT"], 1],
  [["\u{e9}.txt", "e\u{301}.txt"], 1],
  [["a.txt", "\u{ff41}.txt"], 1],
  [["a.txt", "a.txt/b.txt"], 1],
  [["d/a.txt/b.txt", "d/a.txt"], 1],
  [["D/a.txt", "d/b.txt"], 2],
  [["d/a.txt", "d/b.txt"], 2],
])("FS-1 %j together: %i may pass", (paths, passing) => {
  const names = new RunFileNames({ restrictions });
  const refusals = paths.map((path) => names.take({ path, direction: "input" })).filter((refusal) => refusal !== null);
  expect(paths.length - refusals.length).toBe(passing);
  expect(refusals.every(({ code }) => code === "name_repeated")).toBe(true);
});

const part = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[a-cA-C.]{1,4}$/) },
  { weight: 1, arbitrary: fc.constantFrom("..", ".", "", "main.py", ".openclaw", "\u{2024}\u{2024}", "~", "-") },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 4 }) },
);
const anyPath = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"));

test("FS-1 every name that passes is a plain path below the folder, and no two are the same in any case or form", () => {
  const open = { ...restrictions, allowedExtensions: [], deniedExtensions: [] };
  fc.assert(
    fc.property(fc.array(anyPath, { maxLength: 8 }), (paths) => {
      const names = new RunFileNames({ restrictions: open });
      const passed = paths.filter((path) => names.take({ path, direction: "input" }) === null);
      for (const path of passed) {
        const steps = path.split("/");
        expect(steps.every((step) => step !== "" && step !== "." && step !== "..")).toBe(true);
        expect(path).not.toMatch(/[\0-\x1f\\]/);
        expect(new URL(`file:///workspace/${steps.map(encodeURIComponent).join("/")}`).pathname).toMatch(
          /^\/workspace\/./,
        );
      }
      const keys = passed.map((path) => path.normalize("NFKC").toLowerCase());
      expect(new Set(keys).size).toBe(keys.length);
      expect(keys.some((key) => keys.some((other) => other.startsWith(`${key}/`)))).toBe(false);
    }),
    { numRuns: 5_000 },
  );
});

test.each([
  ["report.md", null],
  ["out", null],
  ["a.exe", null],
  ["main.py", null],
  ["..", "path_form"],
  ["/etc", "path_form"],
  [".", "path_form"],
  ["out/", "path_form"],
  ["x\n", "path_characters"],
  ["a".repeat(300), "path_too_long"],
])("FS-1 to keep %j: %s", (path, code) => {
  expect(wantedPathRefusal({ restrictions }, path)?.code ?? null).toBe(code);
});
