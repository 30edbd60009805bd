/** The command with a service on loopback, a folder of packages of its own, and no engine. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exitCodeOf, registerCheckVulnerabilities } from "./security-check-vulnerabilities.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { json, startFakeAdvisories, type FakeAdvisories } from "../../tests/support/fake-advisories.ts";
import type { VulnerabilityReport } from "#server/vulnerabilities/schema.ts";

let bench: CliBench;
let service: FakeAdvisories;
let root: string;

beforeAll(async () => {
  bench = await openCliBench(registerCheckVulnerabilities);
  service = await startFakeAdvisories();
  root = mkdtempSync(join(tmpdir(), "openclaw-packages-"));
  mkdirSync(join(root, "node_modules"));
  writeFileSync(
    join(root, "node_modules/.package-lock.json"),
    JSON.stringify({ packages: { "node_modules/left": { version: "1.0.0" } } }),
  );
  bench.configure(
    JSON.stringify({ security: { vulnerabilities: { registry: service.origin, osvUrl: service.osvUrl } } }),
  );
});
afterAll(async () => {
  rmSync(root, { recursive: true });
  await service.close();
  await bench.close();
});

const run = (...args: string[]) => bench.run("check-vulnerabilities", "--only", "dependencies", ...args);
const HIGH = { id: 7, title: "Bad", severity: "high", vulnerable_versions: "<2.0.0" };

test("MON-4 a finding fails, from the severity that is asked for", async () => {
  service.answer((_request, _body, response) => json(response, { left: [HIGH] }));
  const found = await run("--root", root);
  expect(found.exitCode).toBe(1);
  expect(found.out.join("\n")).toMatch(/high +left +1\.0\.0 +2\.0\.0 +7 +node_modules\/left +Bad/);
  expect((await run("--root", root, "--fail-on", "critical")).exitCode).toBe(0);
});

test("MON-4 without a source it says so, fails, and never says all clear", async () => {
  service.answer((_request, _body, response) => json(response, {}, 405));
  const { exitCode, out, err } = await run("--root", root, "--fail-on", "none");
  expect(exitCode).toBe(5);
  expect([...out, ...err].join("\n")).not.toMatch(/no known vulnerability/);
  expect(err.join("\n")).toMatch(/no source of advisories could be reached/);
  expect(err.at(-1)).toMatch(/NOT KNOWN/);
});

test("MON-4 advisories of a file need no service; one that is none is refused by name", async () => {
  const before = service.asked.length;
  const file = join(root, "advisories.json");
  writeFileSync(file, JSON.stringify([{ id: "X-1", affected: [{ package: { ecosystem: "npm", name: "left" } }] }]));
  const found = await run("--root", root, "--advisories", file, "--json");
  expect(found.exitCode).toBe(1);
  expect(JSON.parse(found.out.join("\n"))).toMatchObject({ verdict: "vulnerable", findings: [{ id: "X-1" }] });
  writeFileSync(file, "[]");
  expect((await run("--root", root, "--advisories", file)).exitCode).toBe(0);
  writeFileSync(file, '{"a":1}');
  expect(await run("--root", root, "--advisories", file)).toMatchObject({ exitCode: 2 });
  expect(service.asked).toHaveLength(before);
});

test("MON-4 the product's own look-up is kept as a fact and is on record", async () => {
  service.answer((_request, _body, response) => json(response, {}));
  expect((await run()).exitCode).toBe(0);
  const rows = await bench.sql<{ verdict: string }>("SELECT verdict FROM vulnerability_check");
  expect(rows).toEqual([{ verdict: "clear" }]);
  const [event] = await bench.sql<{ batch: unknown }>("SELECT * FROM audit_intake");
  expect(JSON.stringify(event)).toContain("vulnerabilities.checked");
});

describe("MON-4 exit codes", () => {
  const report = (changes: Partial<VulnerabilityReport>): VulnerabilityReport => ({
    at: "2026-01-01T00:00:00.000Z",
    verdict: "clear",
    checked: { dependencies: 1, image: 1 },
    sources: [],
    notChecked: [],
    findings: [],
    ...changes,
  });
  test("what was not looked up fails even when findings are accepted", () => {
    expect(exitCodeOf(report({}), "low")).toBe(0);
    expect(exitCodeOf(report({ verdict: "partial", notChecked: ["image"] }), "none")).toBe(5);
    expect(exitCodeOf(report({ verdict: "vulnerable", notChecked: ["image"] }), "none")).toBe(5);
    expect(exitCodeOf(report({ verdict: "unknown" }), "none")).toBe(5);
  });
});
