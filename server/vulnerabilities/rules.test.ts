import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { imagePackages } from "#server/vulnerabilities/image-packages.ts";
import { parseLockfile } from "#server/vulnerabilities/installed.ts";
import { findingOf, isAffected, OsvRecord, parseRecords } from "#server/vulnerabilities/osv-record.ts";
import { cvss3Score, severityOfScore, severityOfWord } from "#server/vulnerabilities/severity.ts";
import { shownText, shownUrl } from "#server/vulnerabilities/shown.ts";
import { compareVersions, fixOfRange, inNpmRange } from "#server/vulnerabilities/versions.ts";

describe("MON-4 versions", () => {
  test("npm: the order of Semantic Versioning § 11", () => {
    const order =
      "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 2.0.0 2.1.0 2.1.1".split(
        " ",
      );
    order.forEach((a, i) =>
      order.forEach((b, j) =>
        expect(Math.sign(compareVersions("npm", a, b) ?? NaN), `${a} ${b}`).toBe(Math.sign(i - j)),
      ),
    );
    expect(compareVersions("npm", "latest", "1.0.0")).toBeNull();
  });

  test("Debian: the order of Policy § 5.6.12", () => {
    const order =
      "1.0~beta1~svn1 1.0~beta1 1.0 1.0-1~deb12u1 1.0-1 1.0-1+b1 1.0-2 1.0a-1 1.0+dfsg-1 1.2-1 1.10-1 1:0.1-1".split(
        " ",
      );
    order.forEach((a, i) =>
      order.forEach((b, j) =>
        expect(Math.sign(compareVersions("Debian:12", a, b) ?? NaN), `${a} ${b}`).toBe(Math.sign(i - j)),
      ),
    );
  });

  test("Alpine: candidates come before the release, patches behind", () => {
    expect(compareVersions("Alpine:v3.20", "1.2_rc1-r0", "1.2-r0")).toBeLessThan(0);
    expect(compareVersions("Alpine:v3.20", "1.2_p1-r0", "1.2-r0")).toBeGreaterThan(0);
    expect(compareVersions("Alpine:v3.20", "1.2-r10", "1.2-r9")).toBeGreaterThan(0);
  });

  const part = fc.nat(30);
  const semver = fc.tuple(part, part, part).map((parts) => parts.join("."));
  test.each(["npm", "Debian:12", "Alpine:v3.20"])("%s: an order, whichever way round it is asked", (ecosystem) => {
    fc.assert(
      fc.property(semver, semver, semver, (a, b, c) => {
        const compare = (x: string, y: string): number => Math.sign(compareVersions(ecosystem, x, y) ?? NaN);
        expect(compare(a, b)).toBe(-compare(b, a) + 0);
        if (compare(a, b) <= 0 && compare(b, c) <= 0) {
          expect(compare(a, c)).toBeLessThanOrEqual(0);
        }
      }),
    );
  });

  test.each([
    ["1.2.3", "<1.2.4", true, "1.2.4"],
    ["1.2.4", "<1.2.4", false, null],
    ["3.1.0", ">=1.0.0 <1.2.4 || >=3.0.0 <3.2.0", true, "3.2.0"],
    ["2.0.0", ">= 1.0.0, <= 1.9.9", false, null],
    ["1.5.0", ">= 1.0.0 <= 1.9.9", true, null],
    ["0.1.0", "*", true, null],
    ["1.0.0", "=1.0.0", true, null],
    ["1.0.0", "^1.0.0", null, null],
    ["latest", "<2.0.0", null, null],
  ])("npm: %s in %s", (version, range, inside, fix) => {
    expect(inNpmRange(version, range)).toBe(inside);
    expect(fixOfRange(version, range)).toBe(fix);
  });
});

describe("MON-4 severities", () => {
  test("CVSS 3.1 base scores as in the examples of the specification", () => {
    expect(cvss3Score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")).toBe(9.8);
    expect(cvss3Score("CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N")).toBe(6.4);
    expect(cvss3Score("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N")).toBe(6.1);
    expect(cvss3Score("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H")).toBe(7.8);
    expect(cvss3Score("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N")).toBe(0);
    expect(cvss3Score("CVSS:4.0/AV:N/AC:L")).toBeNull();
    expect(cvss3Score("CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")).toBeNull();
  });

  test("words of all sources, and bands of scores", () => {
    expect(severityOfWord(null, "not yet assigned", "MODERATE")).toBe("moderate");
    expect(severityOfWord("constructor")).toBe("unknown");
    expect([0, 0.1, 3.9, 4, 7, 9].map(severityOfScore)).toEqual([
      "unknown",
      "low",
      "low",
      "moderate",
      "high",
      "critical",
    ]);
  });
});

describe("MON-4 what is installed", () => {
  test("from npm's lockfile: nested, scoped and renamed packages with their folders, links left out", () => {
    const text = JSON.stringify({
      packages: {
        "": { version: "1.0.0" },
        "node_modules/a": { version: "1.0.0" },
        "node_modules/a/node_modules/@scope/b": { version: "2.0.0" },
        "node_modules/renamed": { version: "3.0.0", name: "original" },
        "node_modules/linked": { version: "1.0.0", link: true },
      },
    });
    expect(parseLockfile(text).map(({ name, version, path }) => [name, version, path])).toEqual([
      ["a", "1.0.0", "node_modules/a"],
      ["@scope/b", "2.0.0", "node_modules/a/node_modules/@scope/b"],
      ["original", "3.0.0", "node_modules/renamed"],
    ]);
  });

  test("from dpkg: source packages once each, what is removed left out", () => {
    const dpkg = [
      "Package: libc6\nStatus: install ok installed\nSource: glibc\nVersion: 2.36-9+deb12u9",
      "Package: libc-bin\nStatus: install ok installed\nSource: glibc\nVersion: 2.36-9+deb12u9",
      "Package: libgcc-s1\nStatus: install ok installed\nSource: gcc-12 (12.2.0-14)\nVersion: 12.2.0-14+b1",
      "Package: gone\nStatus: deinstall ok config-files\nVersion: 1",
    ].join("\n\n");
    const found = imagePackages({ image: "i", osRelease: 'ID=debian\nVERSION_ID="12"\n', dpkg, apk: null });
    expect(found?.map(({ name, version, ecosystem }) => [name, version, ecosystem])).toEqual([
      ["glibc", "2.36-9+deb12u9", "Debian:12"],
      ["gcc-12", "12.2.0-14", "Debian:12"],
    ]);
  });

  test("from apk, and nothing from what is not known", () => {
    const apk = "C:Q1x\nP:libcrypto3\nV:3.3.1-r0\no:openssl\n\nP:musl\nV:1.2.5-r0\n";
    const osRelease = "ID=alpine\nVERSION_ID=3.20.1\n";
    expect(
      imagePackages({ image: "i", osRelease, dpkg: null, apk })?.map(({ name, ecosystem }) => [name, ecosystem]),
    ).toEqual([
      ["openssl", "Alpine:v3.20"],
      ["musl", "Alpine:v3.20"],
    ]);
    expect(imagePackages({ image: "i", osRelease: "ID=arch\n", dpkg: null, apk })).toBeNull();
    expect(imagePackages({ image: "i", osRelease, dpkg: null, apk: null })).toBeNull();
  });
});

const RECORD = OsvRecord.parse({
  id: "GHSA-aaaa-bbbb-cccc",
  summary: "Bad\u001b[2J things",
  affected: [
    {
      package: { ecosystem: "npm", name: "a" },
      ranges: [
        {
          type: "SEMVER",
          events: [{ introduced: "0" }, { fixed: "1.2.0" }, { introduced: "2.0.0" }, { fixed: "2.0.5" }],
        },
      ],
    },
    {
      package: { ecosystem: "Debian:12", name: "openssl" },
      ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { last_affected: "3.0.9-1" }] }],
    },
    { package: { ecosystem: "npm", name: "listed" }, versions: ["1.0.0"] },
  ],
  severity: [{ type: "CVSS_V3", score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" }],
});
const installed = (name: string, version: string, ecosystem = "npm") => ({ name, version, ecosystem, path: "p" });

describe("MON-4 records of OSV", () => {
  test.each([
    ["a", "1.1.9", true],
    ["a", "1.2.0", false],
    ["a", "2.0.4", true],
    ["a", "2.0.5", false],
    ["a", "not-a-version", true],
    ["b", "1.0.0", false],
    ["listed", "1.0.0", true],
    ["listed", "1.0.1", false],
  ])("npm %s %s: %s", (name, version, expected) => {
    expect(isAffected(RECORD, installed(name, version))).toBe(expected);
  });

  test("Debian, and a record that was withdrawn", () => {
    expect(isAffected(RECORD, installed("openssl", "3.0.9-1", "Debian:12"))).toBe(true);
    expect(isAffected(RECORD, installed("openssl", "3.0.11-1", "Debian:12"))).toBe(false);
    expect(isAffected(RECORD, installed("openssl", "3.0.9-1", "Debian:11"))).toBe(false);
    expect(isAffected({ ...RECORD, withdrawn: "2026-01-01T00:00:00Z" }, installed("a", "1.0.0"))).toBe(false);
  });

  test("the finding names severity, fix and nothing that steers a terminal", () => {
    expect(findingOf(RECORD, installed("a", "2.0.1"), "dependencies")).toMatchObject({
      severity: "critical",
      fixedIn: "2.0.5",
      title: "Bad [2J things",
    });
    expect(shownText("a\u202eb\nc", 10)).toBe("a b c");
    expect(shownUrl("javascript:alert(1)")).toBeNull();
  });

  test("a file holds one record, a list, or {vulns}; anything else is an error", () => {
    const text = (value: unknown): string => JSON.stringify(value);
    expect(parseRecords(text([{ id: "A" }]))).toHaveLength(1);
    expect(parseRecords(text({ vulns: [{ id: "A" }, { id: "B" }] }))).toHaveLength(2);
    expect(parseRecords(text({ id: "A" }))).toHaveLength(1);
    expect(() => parseRecords(text({ hello: 1 }))).toThrow();
  });
});
