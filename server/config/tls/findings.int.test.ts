import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { certificateFolder, type CertificateFolder, type Pair } from "../../../tests/support/certificates.ts";
import { assertTlsFiles, certificateWarnings, configProblems, loadConfig } from "#server/config/index.ts";
import { homePaths } from "#server/core/paths.ts";

let folder: CertificateFolder;
let good: Pair;

beforeAll(() => {
  folder = certificateFolder();
  good = folder.make("good");
});
afterAll(() => folder.remove());

const text = ({ cert, key }: Pair, more = "", origins = ""): string =>
  `{ gateway: { allowedOrigins: [${origins}], tls: { enabled: true, cert: "${cert}", key: "${key}" ${more} } } }`;

const problemsOf = (config: string): string[] =>
  configProblems(config, { paths: homePaths(folder.path) }).map(
    ({ severity, path, reason }) => `${severity} ${path}: ${reason.replaceAll(folder.path, "")}`,
  );

function written(name: string, content: string): string {
  const file = join(folder.path, name);
  writeFileSync(file, content);
  return file;
}

describe("NET-3 validate-config reads the files of gateway.tls", () => {
  test("a good pair, also named from the home, has no problem", () => {
    expect(problemsOf(text(good))).toEqual([]);
    expect(problemsOf(text({ cert: "good.pem", key: "good.key" }, ", ca: 'good.pem'"))).toEqual([]);
  });

  test.each<[string, (pair: Pair) => string, RegExp]>([
    [
      "a missing certificate",
      (pair) => text({ ...pair, cert: "/nowhere.pem" }),
      /^error gateway\.tls\.cert: cannot be read: ENOENT/,
    ],
    [
      "a missing key",
      (pair) => text({ ...pair, key: "/nowhere.key" }),
      /^error gateway\.tls\.key: cannot be read: ENOENT/,
    ],
    ["a folder", (pair) => text({ ...pair, cert: "/tmp" }), /^error gateway\.tls\.cert: .* is not a PEM file/],
    ["a missing authority", (pair) => text(pair, ', ca: "/nowhere.pem"'), /^error gateway\.tls\.ca: cannot be read/],
    [
      "an authority that is none",
      (pair) => text(pair, `, ca: "${pair.key}"`),
      /^error gateway\.tls\.ca: is no certificate/,
    ],
    [
      "a certificate that is none",
      (pair) => text({ ...pair, cert: written("x", "hello") }),
      /^error gateway\.tls\.cert: is no certificate/,
    ],
    ["a key that is none", (pair) => text({ ...pair, key: pair.cert }), /^error gateway\.tls\.key: is no private key/],
    [
      "the key of another one",
      (pair) => text({ ...pair, key: folder.make("other").key }),
      /^error gateway\.tls\.key: does not belong/,
    ],
    [
      "an unset variable",
      (pair) => text({ ...pair, cert: "${OPENCLAW_TEST_UNSET}" }),
      /^error gateway\.tls: .*OPENCLAW_TEST_UNSET/,
    ],
  ])("%s is an error that names the key and refuses the start", (_, make, says) => {
    const config = make(good);
    expect(problemsOf(config)).toEqual([expect.stringMatching(says)]);
    const loaded = loadConfig("openclaw.json5", { text: config });
    expect(() => assertTlsFiles(loaded.config, { home: folder.path })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining("gateway.tls") as string }),
    );
  });

  test("no problem repeats anything of a file", () => {
    const secret = written(
      "secret.key",
      "-----BEGIN PRIVATE KEY-----\nc2VjcmV0LWNhbmFyeQ==\n-----END PRIVATE KEY-----\n",
    );
    expect(JSON.stringify(problemsOf(text({ ...good, key: secret })))).not.toMatch(/c2VjcmV0|canary/);
  });

  test.each<[string, () => string, RegExp]>([
    ["expires soon", () => text(folder.make("soon", { days: 29 })), /tls\.cert: expires at 20/],
    ["is not for our name", () => text(good, "", '"https://gate.example"'), /tls\.cert: is not for gate\.example/],
    ["is not for our address", () => text(good, "", '"https://[::1]:1"'), /tls\.cert: is not for \[::1\]/],
  ])("a certificate that %s is a warning", (_, make, says) => {
    expect(problemsOf(make())).toEqual([expect.stringMatching(says)]);
  });

  test.each<[string, number, RegExp]>([
    ["expired", 91, /^expired at 20/],
    ["not_yet_valid", -1, /^is not valid before 20/],
  ])("a certificate that is %s is a warning", (code, days, says) => {
    const material = assertTlsFiles(loadConfig("openclaw.json5", { text: text(good) }).config, { home: folder.path });
    const now = new Date(Date.now() + days * 24 * 60 * 60 * 1000);
    const warnings = material === undefined ? [] : certificateWarnings(material, { now, origins: [] });
    expect(warnings).toMatchObject([{ code, finding: { reason: expect.stringMatching(says) as string } }]);
  });

  test("covered names and names without TLS are not", () => {
    const origins = '"https://localhost:8443", "https://127.0.0.1", "http://gate.example"';
    expect(problemsOf(text(good, "", origins))).toEqual([]);
  });

  test("a key that other accounts can read is a warning", () => {
    const open = folder.make("open");
    chmodSync(open.key, 0o644);
    expect(problemsOf(text(open))).toEqual([expect.stringMatching(/^warning gateway\.tls\.key: can be read by other/)]);
  });

  test("files are left alone when TLS is off or nobody asks", () => {
    const off = text({ cert: "/nowhere", key: "/nowhere" });
    expect(problemsOf(off.replace("enabled: true", "enabled: false"))).toEqual([]);
    expect(configProblems(off)).toEqual([]);
  });
});
