import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inspectFile } from "#server/files/inspect.ts";
import { gzipped, tar, zip } from "#server/files/test/archives.ts";
import { newTokenSecret } from "#server/tokens/index.ts";

const codes = (name: string, content: Buffer | string): string[] =>
  inspectFile(name, Buffer.from(content)).map(({ code }) => code);

const pe = (): Buffer => {
  const bytes = Buffer.alloc(256);
  bytes.write("MZ");
  bytes.writeUInt32LE(128, 0x3c);
  bytes.write("PE\0\0", 128, "latin1");
  return bytes;
};
const elf = Buffer.from("7f454c4602010100", "hex");
const machO = Buffer.from("cffaedfe07000001", "hex");

describe("executables", () => {
  test.each([
    ["notes.txt", elf, ["executable_disguised"]],
    ["photo.jpg", elf, ["executable_disguised"]],
    ["tool", elf, ["executable"]],
    ["lib.so.1", elf, ["executable"]],
    ["notes.md", pe(), ["executable_disguised"]],
    ["setup.exe", pe(), ["executable"]],
    ["notes.txt", machO, ["executable_disguised"]],
    ["MZ.txt", "MZ is how this text begins", []],
    ["notes.txt", "#!/bin/sh\necho", ["script_disguised"]],
    ["notes.md", "#! /usr/bin/env python3", ["script_disguised"]],
    ["run.py", "#!/usr/bin/env python3", []],
    ["notes.txt", "#!note", []],
    ["empty.txt", "", []],
  ] as const)("%s", (name, content, expected) => {
    expect(codes(name, Buffer.from(content))).toEqual(expected);
  });
});

describe("CVE-2026-28453 archives", () => {
  test("an ordinary one has no finding", () => {
    expect(codes("a.zip", zip([{ name: "a/b.txt", content: "hello" }]))).toEqual([]);
    expect(codes("a.tar", tar([{ name: "a/b.txt", content: "hello" }]))).toEqual([]);
    expect(codes("a.tgz", gzipped(tar([{ name: "./a" }, { name: "b", link: "a" }])))).toEqual([]);
    expect(codes("a.gz", gzipSync(Buffer.from("a plain text, as long as it likes")))).toEqual([]);
  });

  test.each(["../a", "a/../../b", "/etc/cron.d/x", "..\\a", "C:\\a", "c:a", "\\\\host\\a", "a/..", "a\0b"])(
    "an entry named %j leads out",
    (name) => {
      expect(codes("a.zip", zip([{ name }]))).toContain("archive_escape");
      if (!name.includes("\0")) {
        expect(codes("a.tar", tar([{ name }]))).toContain("archive_escape");
        expect(codes("a.tgz", gzipped(tar([{ name: "ok" }, { name }])))).toContain("archive_escape");
      }
    },
  );

  test("links that lead out, and long names of both kinds", () => {
    expect(codes("a.tar", tar([{ name: "a", link: "/etc" }]))).toContain("archive_escape");
    expect(codes("a.tar", tar([{ name: "a", link: "../b" }]))).toContain("archive_escape");
    expect(codes("a.zip", zip([{ name: "a", mode: 0o120777, content: "/etc" }]))).toContain("archive_escape");
    expect(codes("a.tar", tar([{ name: "L", type: "L", content: "../../x\0" }, { name: "ok" }]))).toContain(
      "archive_escape",
    );
    expect(codes("a.tar", tar([{ name: "x", type: "x", content: "16 path=../../x\n" }, { name: "ok" }]))).toContain(
      "archive_escape",
    );
  });

  test("bombs: a declared size, a ratio, shared bytes, many entries", () => {
    expect(codes("a.zip", zip([{ name: "a", unpacked: 2 ** 31 }]))).toContain("archive_bomb");
    expect(codes("a.zip", zip([{ name: "a", packed: 10 ** 6 }]))).toContain("archive_bomb");
    expect(codes("a.zip", zip(Array.from({ length: 10_001 }, (_, index) => ({ name: `${index}` }))))).toContain(
      "archive_bomb",
    );
    expect(codes("a.gz", gzipSync(Buffer.alloc(32 * 1024 * 1024)))).toEqual(["archive_bomb"]);
    expect(codes("a.zip", zip([{ name: "b.gz", content: gzipSync(Buffer.alloc(32 * 1024 * 1024)) }]))).toContain(
      "archive_bomb",
    );
  });

  test("nested too deep, encrypted and damaged ones are told", () => {
    let nested = zip([{ name: "a.txt" }]);
    for (let depth = 0; depth < 3; depth += 1) {
      nested = zip([{ name: "in.zip", content: nested }]);
    }
    expect(codes("a.zip", nested)).toEqual(["archive_nested"]);
    expect(codes("a.zip", zip([{ name: "a", flags: 1 }]))).toEqual(["archive_encrypted"]);
    expect(codes("a.zip", zip([{ name: "a" }]).subarray(0, 40))).toEqual(["archive_damaged"]);
    expect(codes("a.gz", gzipSync(Buffer.from("hello world")).subarray(0, 20))).toEqual(["archive_damaged"]);
  });

  test("a ZIP file behind other content is found", () => {
    expect(codes("a.txt", Buffer.concat([Buffer.from("hello\n"), zip([{ name: "a" }])]))).toEqual(["polyglot"]);
  });
});

describe("secrets", () => {
  const token = newTokenSecret(32).text;
  test.each([
    ["private key", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl"],
    ["private key", "-----BEGIN PRIVATE KEY-----"],
    ["private key", "-----BEGIN EC PRIVATE KEY-----"],
    ["private key", "-----BEGIN PGP PRIVATE KEY BLOCK-----"],
    ["token of this gateway", `TOKEN=${token}\n`],
    ["AWS access key", `id = ${"AKIA"}${"IOSFODNN7EXAMPLE"}`],
    ["GitHub token", `ghp_${"a1".repeat(18)}`],
    ["Slack token", `xoxb-${"1234567890"}-abc`],
    ["model provider's key", `sk-proj-${"Ab1".repeat(16)}`],
    ["Google API key", `AIza${"a".repeat(35)}`],
  ])("%s is found, and not told", (what, text) => {
    for (const content of [Buffer.from(`x ${text}`), Buffer.from(`\ufeffx ${text}`, "utf16le")]) {
      const findings = inspectFile("a.txt", content);
      expect(findings).toMatchObject([
        { code: "secret", severity: "critical", evidence: expect.stringContaining(what) as string },
      ]);
      expect(JSON.stringify(findings)).not.toContain(text.slice(-12));
    }
  });

  test("what only looks like one is not", () => {
    const mistyped = token.slice(0, -1) + (token.endsWith("a") ? "b" : "a");
    expect(codes("a.txt", `${mistyped} -----BEGIN PUBLIC KEY----- AKIAshort sk-short ask-${"a".repeat(40)}`)).toEqual(
      [],
    );
  });
});

test.each([
  ["invoice\u202etxt.exe", true],
  ["in\u200bvoice.txt", true],
  ["a\n.txt", true],
  ["a.txt        .exe", true],
  ["invoice 2026.txt", false],
  ["пример.txt", false],
  ["家.md", false],
])("the name %j is deceptive: %s", (name, deceptive) => {
  expect(codes(name, "hello").includes("name_deceptive")).toBe(deceptive);
});

test("any bytes get an answer", () => {
  const heads = ["", "504b0304", "1f8b0800", "7f454c46", "4d5a"].map((hex) => Buffer.from(hex, "hex"));
  fc.assert(
    fc.property(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 2000 }), (head, bytes) => {
      expect(Array.isArray(inspectFile("a.txt", Buffer.concat([head, bytes])))).toBe(true);
    }),
  );
  const whole = zip([
    { name: "in.zip", content: zip([{ name: "a" }]) },
    { name: "b.gz", content: gzipSync(Buffer.from("x")) },
  ]);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
      const damaged = Buffer.from(whole);
      damaged[at] = byte;
      expect(Array.isArray(inspectFile("a.zip", damaged))).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
