/** The look-up against a service on loopback, honest and hostile. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { json, startFakeAdvisories, type FakeAdvisories } from "../../tests/support/fake-advisories.ts";
import { checkVulnerabilities } from "#server/vulnerabilities/index.ts";
import type { InstalledPackage } from "#server/vulnerabilities/index.ts";
import { NOTHING_PRIVATE, privateAllowance } from "#server/core/net/outbound-policy.ts";

let service: FakeAdvisories;
beforeAll(async () => void (service = await startFakeAdvisories()));
afterAll(() => service.close());
beforeEach(() => void (service.asked.length = 0));

const pkg = (name: string, version: string, ecosystem = "npm"): InstalledPackage => ({
  name,
  version,
  ecosystem,
  path: ecosystem === "npm" ? `node_modules/${name}` : "openclaw/sandbox:latest",
});
const NPM = [pkg("left", "1.0.0"), pkg("right", "2.0.0")];
const IMAGE = [pkg("openssl", "3.0.9-1", "Debian:12")];

function look(changes: Partial<Parameters<typeof checkVulnerabilities>[0]> = {}) {
  return checkVulnerabilities({
    parts: { dependencies: NPM, image: IMAGE },
    registry: `${service.origin}/`,
    osvUrl: service.osvUrl,
    allowsPrivate: privateAllowance([], [service.origin]),
    now: new Date("2026-01-01T00:00:00Z"),
    ...changes,
  });
}

const ADVISORY = {
  id: 1,
  url: "https://github.com/advisories/GHSA-aaaa-bbbb-cccc",
  title: "Prototype pollution",
  severity: "high",
  vulnerable_versions: "<1.5.0",
};
/** Nothing is known of anything. */
const clean: Parameters<FakeAdvisories["answer"]>[0] = (request, body, response) => {
  const queries = request.url === "/v1/querybatch" ? (JSON.parse(body) as { queries: unknown[] }).queries : null;
  json(response, queries === null ? {} : { results: queries.map(() => ({})) });
};

describe("MON-4 honest answers", () => {
  test("nothing is known of anything: clear, and each package was asked about", async () => {
    service.answer(clean);
    const report = await look();
    expect(report).toMatchObject({ verdict: "clear", checked: { dependencies: 2, image: 1 }, notChecked: [] });
    expect(service.asked.map(({ path }) => path)).toEqual(["/-/npm/v1/security/advisories/bulk", "/v1/querybatch"]);
    expect(JSON.parse(service.asked[0]?.body ?? "")).toEqual({ left: ["1.0.0"], right: ["2.0.0"] });
  });

  test("advisories of npm and OSV become findings, the worst first; ranges that do not hold the version are left out", async () => {
    service.answer((request, body, response) => {
      if (request.url?.startsWith("/-/npm") === true) {
        json(response, { left: [ADVISORY], right: [ADVISORY] });
      } else if (request.url === "/v1/querybatch") {
        json(response, { results: [{ vulns: [{ id: "DSA-1" }, { id: "DSA-2" }] }] });
      } else if (request.url === "/v1/vulns/DSA-1") {
        json(response, {
          id: "DSA-1",
          summary: "Overflow",
          severity: [{ type: "CVSS_V3", score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" }],
          affected: [
            {
              package: { ecosystem: "Debian:12", name: "openssl" },
              ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "3.0.11-1" }] }],
            },
          ],
        });
      } else {
        json(response, { message: "gone" }, 500);
      }
      expect(body).toBeDefined();
    });
    const report = await look();
    expect(report.verdict).toBe("vulnerable");
    expect(report.findings.map(({ id, package: of, severity, fixedIn }) => [id, of, severity, fixedIn])).toEqual([
      ["DSA-1", "openssl", "critical", "3.0.11-1"],
      ["GHSA-aaaa-bbbb-cccc", "left", "high", "1.5.0"],
      ["DSA-2", "openssl", "unknown", null],
    ]);
    expect(report.notChecked.join()).toMatch(/1 of 2 advisories could not be read/);
  });

  test("a registry without advisories: OSV is asked about dependencies too", async () => {
    service.answer((request, body, response) =>
      request.url?.startsWith("/-/npm") === true ? json(response, {}, 405) : clean(request, body, response),
    );
    const report = await look();
    expect(report.verdict).toBe("clear");
    expect(report.sources.map(({ name, part, ok }) => [name, part, ok])).toEqual([
      ["npm", "dependencies", false],
      ["osv", "dependencies", true],
      ["osv", "image", true],
    ]);
  });

  test("pages of an answer are followed", async () => {
    let page = 0;
    service.answer((request, _body, response) => {
      if (request.url === "/v1/querybatch") {
        page += 1;
        json(response, {
          results: [{ vulns: [{ id: `V-${page}` }], ...(page < 3 ? { next_page_token: "more" } : {}) }],
        });
      } else {
        json(response, { id: request.url?.split("/").at(-1) });
      }
    });
    const report = await look({ parts: { image: IMAGE } });
    expect(report.findings.map(({ id }) => id)).toEqual(["V-1", "V-2", "V-3"]);
  });
});

describe("MON-4 no answer is never taken for a good one", () => {
  test("nobody reachable: unknown; only one part: partial", async () => {
    const closed = await startFakeAdvisories();
    await closed.close();
    const dead = { registry: closed.origin, allowsPrivate: privateAllowance([], [service.origin, closed.origin]) };
    const none = await look({ ...dead, osvUrl: closed.osvUrl });
    expect(none).toMatchObject({ verdict: "unknown", checked: { dependencies: 0, image: 0 } });
    expect(none.notChecked).toHaveLength(2);
    expect(none.sources.every(({ problem }) => problem?.includes("ECONNREFUSED") === true)).toBe(true);

    service.answer(clean);
    const half = await look({ parts: { dependencies: NPM, image: "Docker Engine not reachable" } });
    expect(half).toMatchObject({ verdict: "partial", notChecked: ["sandbox image: Docker Engine not reachable"] });
  });

  test.each<[string, RegExp, Parameters<FakeAdvisories["answer"]>[0]]>([
    [
      "a redirect inside",
      /redirect/,
      (_q, _b, r) => void r.writeHead(302, { location: "http://169.254.169.254/" }).end(),
    ],
    ["no JSON", /no JSON/, (_q, _b, r) => void r.end("<html>all is well</html>")],
    ["another form", /something else/, (_q, _b, r) => json(r, { left: "fine", results: "fine" })],
    ["fewer results than questions", /something else/, (_q, _b, r) => json(r, { results: [], left: 1 })],
    ["an error", /answered 503/, (_q, _b, r) => json(r, {}, 503)],
    ["pages without end", /more pages|something else/, (_q, _b, r) => json(r, { results: [{ next_page_token: "x" }] })],
    [
      "a body without end",
      /sent more than/,
      (_q, _b, r) => {
        const chunk = Buffer.alloc(1024 * 1024, 0x20);
        const pump = (): void => {
          while (!r.destroyed && r.write(chunk)) {
            // Until the other side has had enough.
          }
        };
        r.on("drain", pump).on("error", () => undefined);
        pump();
      },
    ],
    [
      "a connection that breaks off",
      /could not be reached/,
      (_q, _b, r) => void (r.writeHead(200), r.write("{"), r.destroy()),
    ],
  ])("%s", async (_, expected, handler) => {
    service.answer(handler);
    const report = await look({ parts: { image: IMAGE } });
    expect(report.verdict).toBe("unknown");
    expect(report.sources[0]?.problem).toMatch(expected);
    const dependencies = await look({ parts: { dependencies: NPM }, osvUrl: null });
    expect(dependencies.verdict).toBe("unknown");
  });

  test("an address of the own network is refused unless it is opened", async () => {
    service.answer(clean);
    const report = await look({ allowsPrivate: NOTHING_PRIVATE });
    expect(report.verdict).toBe("unknown");
    expect(report.sources[0]?.problem).toMatch(/not open to outgoing connections/);
    expect(service.asked).toEqual([]);
  });
});
