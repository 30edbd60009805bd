import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decideFile,
  decidePath,
  fileRules,
  isInside,
  nameRefusal,
  resolveWritten,
  sizeRefusal,
} from "#server/files/policy.ts";
import type { FileSystemConfig } from "#server/files/schema.ts";

const BASES = { userHome: "/home/ana", openclawHome: "/home/ana/.openclaw" };

/** The guide's own snippet. */
const GUIDE: FileSystemConfig = {
  allowedPaths: ["~/.openclaw", "/tmp", "./workspace"],
  deniedPaths: ["/etc", "/usr/bin", "/usr/sbin", "~/.ssh", "~/.aws"],
  restrictions: {
    maxFileSize: 10 * 1024 * 1024,
    maxPathLength: 255,
    allowedExtensions: [".txt", ".py", ".js", ".md"],
    deniedExtensions: [".exe", ".sh", ".bat"],
  },
  monitoring: { logFileAccess: true, alertOnSuspicious: true, quarantineSuspicious: true },
};

const rules = (more: Partial<FileSystemConfig> = {}, workspace?: string) =>
  fileRules({ ...GUIDE, ...more }, BASES, workspace);
const guide = rules();
const codeOf = (answer: { allow: boolean; code?: string }): string => (answer.allow ? "allowed" : (answer.code ?? ""));
const asked = (path: string, given = guide) => codeOf(decidePath(given, path));

describe("FS-1 paths", () => {
  test.each([
    ["/tmp", "allowed"],
    ["/tmp/a/b", "allowed"],
    ["/tmp//a/./b/", "allowed"],
    ["/tmp/..", "path_not_allowed"],
    ["/tmp/../etc/passwd", "path_denied"],
    ["/tmp/../../../../etc", "path_denied"],
    ["//etc//passwd", "path_denied"],
    ["/etc/", "path_denied"],
    ["/./etc", "path_denied"],
    ["/etcetera", "path_not_allowed"],
    ["/tmpfoo", "path_not_allowed"],
    ["/tmp.", "path_not_allowed"],
    ["/TMP/a", "path_not_allowed"],
    ["/", "path_not_allowed"],
    ["/home/ana/.ssh/id_ed25519", "path_denied"],
    ["/home/ana/.openclaw/workspace/a.txt", "allowed"],
    ["/home/ana/.openclaw/keys/pepper", "path_protected"],
    ["/home/ana/.openclaw/workspace/../keys/pepper", "path_protected"],
    ["/home/ana/.openclaw/config/openclaw.json5", "path_protected"],
    ["tmp/a", "path_form"],
    ["~/.ssh", "path_form"],
    ["", "path_form"],
    ["/tmp/a\0/etc", "path_characters"],
    ["/tmp/a\nb", "path_characters"],
    ["/tmp/a\u009bb", "path_characters"],
    ["/tmp/gpj.\u202eexe", "path_characters"],
    ["/tmp/\ud800", "path_characters"],
    [`/tmp/${"a".repeat(250)}`, "allowed"],
    [`/tmp/${"a".repeat(251)}`, "path_too_long"],
    [`/tmp/${"é".repeat(126)}`, "path_too_long"],
  ])("%j is %s", (path, expected) => {
    expect(asked(path)).toBe(expected);
  });

  test("an answer names the entry that decided, the most specific one", () => {
    expect(decidePath(guide, "/home/ana/.openclaw/workspace/a")).toMatchObject({
      because: "security.fileSystem.allowedPaths[2]",
    });
    expect(decidePath(guide, "/home/ana/.aws/credentials")).toMatchObject({
      because: "security.fileSystem.deniedPaths[4]",
      message: expect.stringContaining("/home/ana/.aws") as string,
    });
  });

  test("nothing listed allows nothing but the run's own workspace", () => {
    const own = rules({ allowedPaths: [], deniedPaths: [] }, "/srv/run-1/");
    expect(asked("/srv/run-1/a", own)).toBe("allowed");
    expect(asked("/srv/run-10/a", own)).toBe("path_not_allowed");
    expect(asked("/tmp/a", own)).toBe("path_not_allowed");
  });

  test("names in another Unicode form are other names, but a denied folder is denied in every form", () => {
    const unicode = rules({
      allowedPaths: ["/srv/caf\u00e9", "/data"],
      deniedPaths: ["/data/r\u00e9sum\u00e9", "/data/etc"],
    });
    expect(asked("/srv/caf\u00e9/a", unicode)).toBe("allowed");
    expect(asked("/srv/cafe\u0301/a", unicode)).toBe("path_not_allowed");
    expect(asked("/data/re\u0301sume\u0301/a", unicode)).toBe("path_denied");
    expect(asked("/data/\uff45\uff54\uff43/passwd", unicode)).toBe("path_denied");
    expect(asked("/data/a/\uff0e\uff0e/etc/passwd", unicode)).toBe("path_denied");
  });

  test("a denied path of an unknown form denies everything, an allowed one nothing", () => {
    expect(asked("/tmp/a", rules({ deniedPaths: ["~root/.ssh"] }))).toBe("path_denied");
    expect(asked("/root/a", rules({ allowedPaths: ["~root"] }))).toBe("path_not_allowed");
  });

  test("~ is the account's home, ~/.openclaw the OpenClaw home wherever it lies, relative starts there", () => {
    const moved = { userHome: "/home/ana", openclawHome: "/srv/openclaw" };
    const resolved = (written: string) => resolveWritten(written, moved, moved.openclawHome);
    expect(["~", "~/x", "~/.openclaw", "~/.openclaw/a", "~/.openclawed", "~//.openclaw/../.ssh"].map(resolved)).toEqual(
      [...["/home/ana", "/home/ana/x", "/srv/openclaw", "/srv/openclaw/a", "/home/ana/.openclawed", "/home/ana/.ssh"]],
    );
    expect(["./workspace", "workspace/", "../x", ".", "~other/x", ""].map(resolved)).toEqual([
      ...["/srv/openclaw/workspace", "/srv/openclaw/workspace", "/srv/x", "/srv/openclaw", null, null],
    ]);
  });

  const part = fc.constantFrom("..", ".", "", "tmp", "etc", "a", "tmpfoo", "home", "ana", ".ssh", "...", "..a");
  const anyPath = fc.array(part, { maxLength: 12 }).map((parts) => `/${parts.join("/")}`);

  test("no spelling escapes: what is allowed lies in an allowed folder and in no denied one", () => {
    fc.assert(
      fc.property(anyPath, (path) => {
        const answer = decidePath(guide, path);
        if (!answer.allow) {
          return;
        }
        expect(answer.path.split("/").filter((name) => name === ".." || name === ".")).toEqual([]);
        expect(guide.allowed.some((entry) => isInside(answer.path, entry.path))).toBe(true);
        expect(guide.denied.some((entry) => isInside(answer.path, entry.path))).toBe(false);
      }),
      { numRuns: 5000 },
    );
  });

  test("denied wins, whatever is allowed", () => {
    fc.assert(
      fc.property(anyPath, anyPath, (allowed, path) => {
        const given = rules({ allowedPaths: [allowed, path, "/"], deniedPaths: [path] });
        expect(asked(path, given)).toBe("path_denied");
        expect(asked(`${path}/below`, given)).toBe("path_denied");
      }),
    );
  });

  test("the order of the lists changes no answer, and deciding twice changes nothing", () => {
    const shuffled = (list: readonly string[]) => fc.shuffledSubarray([...list], { minLength: list.length });
    fc.assert(
      fc.property(
        anyPath,
        shuffled(GUIDE.allowedPaths),
        shuffled(GUIDE.deniedPaths),
        (path, allowedPaths, deniedPaths) => {
          const answer = decidePath(guide, path);
          expect(codeOf(decidePath(rules({ allowedPaths, deniedPaths }), path))).toBe(codeOf(answer));
          if (answer.allow) {
            expect(decidePath(guide, answer.path)).toEqual(answer);
          }
        },
      ),
    );
  });

  test("any text gets an answer", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (text) => {
        const answer = decideFile(guide, `/tmp/${text}`);
        if (!answer.allow) {
          expect(answer.message).not.toMatch(/[\0-\x1f\u202e]/);
        }
      }),
    );
  });
});

describe("FS-3 extensions", () => {
  const named = (name: string, more: Partial<FileSystemConfig["restrictions"]> = {}) =>
    nameRefusal({ ...GUIDE.restrictions, ...more }, name)?.code ?? "allowed";

  test.each([
    ["a.txt", "allowed"],
    ["a.TXT", "allowed"],
    ["report.2026.txt", "allowed"],
    ["a.txt.exe", "extension_denied"],
    ["a.exe.txt", "extension_denied"],
    ["a.EXE", "extension_denied"],
    ["a.sh.md", "extension_denied"],
    ["a.shop.md", "allowed"],
    ["sh.txt", "allowed"],
    [".sh", "extension_denied"],
    ["a.\uff45\uff58\uff45", "extension_denied"],
    ["a\uff0eexe", "extension_denied"],
    ["a.e\u200bxe", "extension_denied"],
    ["a.txt   .exe", "extension_denied"],
    ["a. exe", "extension_denied"],
    ["a.txt:b.exe", "extension_denied"],
    ["README", "extension_missing"],
    [".bashrc", "extension_missing"],
    [".txt", "extension_missing"],
    ["..txt", "extension_missing"],
    [".env.txt", "allowed"],
    ["a.", "name_trailing"],
    ["a.txt.", "name_trailing"],
    ["a.txt ", "name_trailing"],
    ["a.tar.gz", "extension_not_allowed"],
    ["a.t\uff58t", "extension_not_allowed"],
  ])("%j is %s", (name, expected) => {
    expect(named(name)).toBe(expected);
  });

  test("an empty allowed list lets everything pass that is not denied", () => {
    const open = { allowedExtensions: [] };
    expect(["README", ".bashrc", "a.tar.gz", "a.exe.gz", "a."].map((name) => named(name, open))).toEqual([
      ...["allowed", "allowed", "allowed", "extension_denied", "name_trailing"],
    ]);
  });

  test("an extension of two parts means both", () => {
    const double = { allowedExtensions: [".tar.gz"], deniedExtensions: [".min.js"] };
    expect(["a.tar.gz", "a.gz", "a.min.js", "a.min.js.tar.gz", ".tar.gz"].map((name) => named(name, double))).toEqual([
      ...["allowed", "extension_not_allowed", "extension_denied", "extension_denied", "extension_not_allowed"],
    ]);
  });

  test("denied wins over allowed", () => {
    expect(named("a.txt", { deniedExtensions: [".TXT"] })).toBe("extension_denied");
  });

  test("a file is judged by its path first, then by its name", () => {
    expect(codeOf(decideFile(guide, "/etc/a.exe"))).toBe("path_denied");
    expect(codeOf(decideFile(guide, "/tmp/a.exe"))).toBe("extension_denied");
    expect(decideFile(guide, "/tmp//x/../a.txt")).toMatchObject({ allow: true, path: "/tmp/a.txt" });
  });
});

test("FS-2 a file above the limit is refused with the limit named, one at the limit passes", () => {
  const { restrictions } = GUIDE;
  expect(sizeRefusal(restrictions, restrictions.maxFileSize)).toBeNull();
  expect(sizeRefusal(restrictions, restrictions.maxFileSize + 1)).toMatchObject({
    code: "file_too_large",
    because: "security.fileSystem.restrictions.maxFileSize",
    message: expect.stringContaining("10485760") as string,
  });
});
