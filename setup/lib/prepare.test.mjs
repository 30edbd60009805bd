/** What a start needs follows from its `--only` options; what is installed follows from the lockfile. */
import { describe, expect, it } from "vitest";
import { engineAddress } from "../steps/docker.mjs";
import { isInstalled } from "../steps/dependencies.mjs";
import { isNotBuilt } from "../steps/next-build.mjs";
import { needsOf } from "./prepare.mjs";

describe("needsOf", () => {
  it.each([
    [[], { console: true, sandbox: true }],
    [["--port", "1"], { console: true, sandbox: true }],
    [["--only", "gateway"], { console: false, sandbox: false }],
    [["--only=gateway,worker"], { console: false, sandbox: true }],
    [["--only", "console", "--only", "worker"], { console: true, sandbox: true }],
  ])("%j", (args, expected) => {
    expect(needsOf(args)).toEqual({ ...expected, browser: false, redis: false, gvisor: false });
  });
});

describe("isInstalled", () => {
  const lock = {
    packages: {
      "": {},
      "node_modules/a": { version: "1.0.0" },
      "node_modules/mac": { version: "1.0.0", optional: true },
    },
  };
  it("accepts a tree without the optional packages of other platforms", () => {
    expect(isInstalled(lock, { packages: { "node_modules/a": { version: "1.0.0" } } })).toBe(true);
  });
  it("sees a missing and an outdated package", () => {
    expect(isInstalled(lock, { packages: {} })).toBe(false);
    expect(isInstalled(lock, { packages: { "node_modules/a": { version: "0.9.0" } } })).toBe(false);
    expect(
      isInstalled(lock, {
        packages: { "node_modules/a": { version: "1.0.0" }, "node_modules/mac": { version: "2.0.0" } },
      }),
    ).toBe(false);
  });
});

describe("isNotBuilt", () => {
  it("leaves tests out of the build's inputs, and nothing else", () => {
    expect(["server/a.test.ts", "server/a.int.test.ts", "app/b.test.tsx"].every(isNotBuilt)).toBe(true);
    expect(["server/a.ts", "server/test.ts", "app/globals.css"].some(isNotBuilt)).toBe(false);
  });
});

describe("engineAddress", () => {
  it.each([
    [undefined, { socketPath: "/var/run/docker.sock" }],
    ["unix:///run/user/1000/docker.sock", { socketPath: "/run/user/1000/docker.sock" }],
    ["tcp://10.0.0.5:2376", { host: "10.0.0.5", port: 2376 }],
    ["tcp://[::1]:2375", { host: "::1", port: 2375 }],
    ["tcp://engine", { host: "engine", port: 2375 }],
  ])("%s", (dockerHost, expected) => {
    expect(engineAddress(dockerHost)).toEqual(expected);
  });
});
