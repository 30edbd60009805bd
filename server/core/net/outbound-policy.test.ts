import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bareHost,
  NOTHING_PRIVATE,
  privateAllowance,
  readOpened,
  refusedAddress,
  safeUrl,
} from "#server/core/net/outbound-policy.ts";

const ANYTHING_PRIVATE = () => true;
const NEVER = [
  "169.254.169.254",
  "169.254.170.2",
  "168.63.129.16",
  "100.100.100.200",
  "192.0.0.192",
  "0.0.0.0",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "fd00:ec2::254",
  "fd20:ce::254",
  "fe80::1",
  "fe80::1%eth0",
  "::1%lo",
  "ff02::1",
  "::ffff:169.254.169.254",
  "64:ff9b::a9fe:a9fe",
  "64:ff9b::7f00:1",
  "2002:7f00:1::",
  "::127.0.0.1",
];
const PRIVATE = [
  "127.0.0.1",
  "10.1.2.3",
  "172.16.0.1",
  "192.168.1.1",
  "100.64.0.1",
  "::1",
  "fd12::1",
  "::ffff:10.0.0.1",
];

const to = (host: string, port = 443) => ({ host, port });

describe("refusedAddress", () => {
  it.each(NEVER)("CVE-2026-28467 never reaches %s, whatever is allowed", (address) =>
    expect(refusedAddress(to("a.example"), [address], ANYTHING_PRIVATE)).toBe(address),
  );
  it.each(PRIVATE)("reaches %s only where it is allowed", (address) => {
    expect(refusedAddress(to("a.example"), [address], NOTHING_PRIVATE)).toBe(address);
    expect(refusedAddress(to("a.example"), [address], ANYTHING_PRIVATE)).toBeNull();
  });

  it("CVE-2026-28467 one bad address among many is enough, wherever it stands", () => {
    const bad = fc.constantFrom(...NEVER, ...PRIVATE);
    const good = fc.array(fc.constantFrom("1.1.1.1", "8.8.8.8", "2606:4700::1111"), { maxLength: 6 });
    fc.assert(
      fc.property(
        good,
        bad,
        good,
        (before, address, after) =>
          refusedAddress(to("a.example"), [...before, address, ...after], NOTHING_PRIVATE) === address,
      ),
    );
  });
});

describe("privateAllowance", () => {
  const allows = privateAllowance(
    ["ollama", "10.0.0.7:11434", "192.168.1.0/24", "[fd12::7]:80", "not an entry/33", "10.0.0.0/0"],
    [
      "http://127.0.0.1:8080/v1",
      "http://localhost:9000/v1",
      "https://api.example/v1",
      "http://[::1]/",
      "http://2130706433:81/",
    ],
  );
  it.each([
    ["ollama", 1, "10.9.9.9", true],
    ["ollama.example", 1, "10.9.9.9", false],
    ["10.0.0.7", 11434, "10.0.0.7", true],
    ["10.0.0.7", 80, "10.0.0.7", false],
    ["name.example", 11434, "10.0.0.7", true],
    ["name.example", 80, "192.168.1.77", true],
    ["fd12::7", 80, "fd12::7", true],
    ["127.0.0.1", 8080, "127.0.0.1", true],
    ["127.0.0.1", 8081, "127.0.0.1", false],
    // The address of the file is open for itself, not for a name that leads to it.
    ["evil.example", 8080, "127.0.0.1", false],
    ["localhost", 9000, "127.0.0.1", true],
    ["localhost", 9000, "::1", true],
    ["localhost", 9000, "10.0.0.1", false],
    ["api.example", 443, "10.0.0.1", false],
    ["::1", 80, "::1", true],
    ["127.0.0.1", 81, "127.0.0.1", true],
    ["10.1.1.1", 80, "10.1.1.1", false],
  ])("%s:%i at %s → %s", (host, port, address, expected) => expect(allows(host, port, address)).toBe(expected));

  it("opens nothing unless something is written", () => {
    const closed = privateAllowance([], ["https://api.example/v1", "not a url"]);
    fc.assert(
      fc.property(fc.domain(), fc.nat(65_535), fc.ipV4(), (host, port, address) => !closed(host, port, address)),
    );
  });

  it("opens an address with a port for that port alone", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 1, max: 65_535 }), (written, asked) => {
        const one = privateAllowance([`10.0.0.7:${written}`], [`http://127.0.0.1:${written}/`]);
        const same = written === asked;
        return one("10.0.0.7", asked, "10.0.0.7") === same && one("127.0.0.1", asked, "127.0.0.1") === same;
      }),
    );
  });
});

describe("readOpened", () => {
  it.each(["ollama", "gpu-1.lan:8000", "10.0.0.7", "10.0.0.0/8", "fd00::/8", "[::1]:80", "fd12::7", "localhost:1"])(
    "takes %s",
    (entry) => expect(() => readOpened(entry)).not.toThrow(),
  );
  it.each([
    ["169.254.169.254", /never connected/],
    ["fd00:ec2::254", /never connected/],
    ["8.8.8.8", /need no entry/],
    ["0.0.0.0/0", /within/],
    ["169.254.0.0/16", /within/],
    ["::/0", /within/],
    ["10.0.0.0/33", /range such as/],
    ["10.0.0.7:0", /port/],
    ["10.0.0.7:70000", /port/],
    ["http://a", /range such as/],
    ["a b", /host such as/],
    ["*", /host such as/],
    ["0x7f000001", /host such as/],
    ["2130706433", /host such as/],
    ["[ollama]:80", /host such as/],
    ["", /host such as/],
  ])("refuses %j", (entry, message) => expect(() => readOpened(entry)).toThrow(message));
  it("reads or refuses any text, and opens nothing public by an address", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), (entry) => {
        const allows = privateAllowance([entry], []);
        return refusedAddress(to("other.example"), ["169.254.169.254"], allows) !== null;
      }),
    );
  });
});

describe("bareHost", () => {
  it.each([
    ["[::FFFF:127.0.0.1]", "127.0.0.1"],
    ["Example.COM.", "example.com"],
    ["[0:0::1]", "::1"],
  ])("%s is %s", (host, expected) => expect(bareHost(host)).toBe(expected));
});

describe("safeUrl", () => {
  it.each(["https://a.example/v1", "http://127.0.0.1:8080", "https://[2606:4700::1111]/", "http://10.0.0.1/"])(
    "takes %s",
    (text) => expect(safeUrl(text)?.href).toBe(new URL(text).href),
  );
  it.each([
    "ftp://a.example",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "gopher://a/",
    "https://user@a.example",
    "https://u:p@a.example",
    "https://a.example\\@b.example/",
    "https://a.exam\tple/",
    "https://a.example/ x",
    "https://a.example:0/",
    "http://169.254.169.254/latest",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://169.254.169.254./",
    "http://[::ffff:169.254.169.254]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1%25eth0]/",
    "http://0/",
    "//a.example",
    "a.example",
    "",
    `https://a.example/${"x".repeat(2048)}`,
  ])("refuses %j", (text) => expect(safeUrl(text)).toBeNull());
});
