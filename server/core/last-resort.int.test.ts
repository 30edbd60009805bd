/** A process of its own, because what is tested ends it. */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";

const SECRET = "Zq7canary0123456789abcdefABCDEF42";

/** What a process says and how it ends when `fault` happens in it and nobody catches it. */
function crash(fault: string, record = "async (kind) => process.stdout.write(`recorded ${kind}\\n`)") {
  const program = `
    import { onLastResort } from "#server/core/last-resort.ts";
    import { createLogger } from "#server/core/log.ts";
    onLastResort(createLogger("test"), ${record});
    setInterval(() => undefined, 1_000);
    ${fault}`;
  return spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8", timeout: 30_000 });
}

describe("AUD-10 errors that nobody caught", () => {
  test.each([
    ["uncaught_exception", `setTimeout(() => { throw new Error("Bearer ${SECRET}"); });`],
    ["uncaught_exception", `setTimeout(() => { throw { apiKey: "${SECRET}" }; });`],
    ["unhandled_rejection", `void Promise.reject(new Error("x", { cause: new Error("https://u:${SECRET}@h/") }));`],
  ])("%s: logged without secrets, recorded, and the process ends", (kind, fault) => {
    const { status, stdout, stderr } = crash(fault);
    expect([status, stderr]).toEqual([1, ""]);
    expect(stdout).not.toContain(SECRET);
    expect(stdout).toContain(`recorded ${kind}\n`);
    const line = stdout.split("\n").find((text) => text.startsWith("{")) ?? "";
    expect(JSON.parse(line)).toMatchObject({ level: 60, kind });
  });

  test("a record that cannot be written, or never ends, does not keep the process", () => {
    expect(crash("setTimeout(() => { throw new Error(); });", "() => Promise.reject(new Error('no'))").status).toBe(1);
    expect(crash("setTimeout(() => { throw new Error(); });", "() => new Promise(() => undefined)").status).toBe(1);
  });
});
