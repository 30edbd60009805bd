/** The engine's settings belong to the machine: adding a runtime loses nothing. */
import { describe, expect, it } from "vitest";
import { RUNSC_ARGS, withRunsc } from "./gvisor.mjs";

const RUNSC = { path: "/usr/bin/runsc", runtimeArgs: RUNSC_ARGS };
const merged = (settings) => JSON.parse(withRunsc(JSON.stringify(settings)));

describe("withRunsc", () => {
  it.each(["", "\n"])("makes settings where there are none (%j)", (text) => {
    expect(JSON.parse(withRunsc(text))).toEqual({ runtimes: { runsc: RUNSC } });
  });

  it("keeps every other setting and runtime", () => {
    const others = { "log-level": "warn", "insecure-registries": ["a:1"], "default-runtime": "kata" };
    const kata = { path: "/opt/kata", runtimeArgs: ["-x"] };
    expect(merged({ ...others, runtimes: { kata } })).toEqual({ ...others, runtimes: { kata, runsc: RUNSC } });
  });

  it("keeps a runsc that somebody set up otherwise", () => {
    const own = { runtimes: { runsc: { path: "/opt/runsc", runtimeArgs: ["--platform=systrap"] } } };
    expect(merged(own)).toEqual(own);
  });

  it("does not change its own result", () => {
    const once = withRunsc('{"debug":true}');
    expect(withRunsc(once)).toBe(once);
  });

  it.each(["{", "[]", "null", "1", '{"runtimes":[]}', '{"runtimes":"runsc"}'])("leaves %s alone", (text) => {
    expect(() => withRunsc(text)).toThrow(/daemon\.json/);
  });

  it("never lets limits go", () => {
    expect(RUNSC_ARGS).not.toContain("--ignore-cgroups");
  });
});
