/** A runtime that does not hold what a container is told is not there. */
import { expect, test } from "vitest";
import { usableRuntimes } from "#worker/engine.ts";

const usable = (runtimeArgs: string[] | null): boolean =>
  usableRuntimes({ runc: {}, runsc: { runtimeArgs } }).includes("runsc");

test("SBX-7 gVisor counts when it holds limits and the seccomp profile, and not otherwise", () => {
  expect(usableRuntimes({ runc: {}, kata: { runtimeArgs: ["--x"] } })).toEqual(["runc", "kata"]);
  expect(usable(["--platform=ptrace", "--oci-seccomp"])).toBe(true);
  expect(usable(["--oci-seccomp=true", "--ignore-cgroups=false"])).toBe(true);
  for (const args of [
    null,
    [],
    ["--oci-seccomp=false"],
    ["--oci-seccomp", "--ignore-cgroups"],
    ["--oci-seccomp", "-ignore-cgroups=true"],
  ]) {
    expect(usable(args), String(args)).toBe(false);
  }
});
