import { describe, expect, test } from "vitest";
import { sandboxPolicy, type SandboxingConfig } from "#server/sandbox/policy.ts";

const MiB = 1024 * 1024;

/** The guide's own snippet, as the configuration delivers it. */
function guide(
  docker: Partial<SandboxingConfig["docker"]> = {},
  top: Partial<SandboxingConfig> = {},
): SandboxingConfig {
  return {
    enabled: true,
    type: "docker",
    docker: {
      image: "openclaw/sandbox:latest",
      network: "none",
      allowNetwork: false,
      readonly: false,
      pool: { size: 2 },
      limits: { memory: 512 * MiB, cpu: 0.5, disk: 1024 * MiB, processes: 10, timeout: 60_000, output: MiB },
      volumes: { "/workspace": { target: "/workspace", mode: "rw" }, "/tmp": { target: "/tmp", mode: "rw" } },
      securityOpt: ["no-new-privileges:true", "seccomp:default"],
      user: "nobody",
      group: "nogroup",
      ...docker,
    },
    ...top,
  };
}

function problemPaths(config: SandboxingConfig): string[] {
  const answer = sandboxPolicy(config);
  return answer.ok ? [] : answer.problems.map(({ path }) => path.replace("security.sandboxing.", ""));
}

test("SBX-9 SBX-10 SBX-11 the guide's snippet becomes numbers", () => {
  expect(sandboxPolicy(guide())).toEqual({
    ok: true,
    policy: {
      image: "openclaw/sandbox:latest",
      digest: null,
      network: "none",
      runtime: "runc",
      readonlyRoot: false,
      memoryBytes: 512 * MiB,
      cpuCores: 0.5,
      diskBytes: 1024 * MiB,
      processes: 10,
      timeoutMs: 60_000,
      outputBytes: MiB,
      uid: 65534,
      gid: 65534,
      volumes: [],
    },
  });
});

test("SBX-8 absent processes become 64", () => {
  const { processes: _absent, ...limits } = guide().docker.limits;
  expect(sandboxPolicy(guide({ limits }))).toMatchObject({ ok: true, policy: { processes: 64 } });
});

test("SBX-1 switched off or of another type refuses runs", () => {
  expect(problemPaths(guide({}, { enabled: false }))).toEqual(["enabled"]);
  expect(problemPaths(guide({}, { type: "process" }))).toEqual(["type"]);
});

describe("CVE-2026-27002 the configuration cannot open the sandbox", () => {
  test.each([
    "host",
    "Host",
    "HOST",
    " host",
    "container:abc",
    "Container:abc",
    "container:",
    "ns:/proc/1/ns/net",
    "container",
  ])("SBX-3 network %j is refused even with a grant", (network) => {
    expect(problemPaths(guide({ network, allowNetwork: true }))).toEqual(["docker.network"]);
  });

  test("SBX-3 another network needs a grant", () => {
    expect(problemPaths(guide({ network: "bridge" }))).toEqual(["docker.network"]);
    expect(sandboxPolicy(guide({ network: "bridge", allowNetwork: true }))).toMatchObject({
      ok: true,
      policy: { network: "bridge" },
    });
    expect(sandboxPolicy(guide({ allowNetwork: true }))).toMatchObject({ ok: true, policy: { network: "none" } });
  });

  test.each([
    "seccomp:unconfined",
    "seccomp=unconfined",
    "Seccomp=Unconfined",
    " seccomp=unconfined",
    "seccomp=/etc/profile.json",
    "apparmor=unconfined",
    "apparmor:unconfined",
    "label=disable",
    "systempaths=unconfined",
    "no-new-privileges:false",
    "no-new-privileges=false",
    "",
  ])("SBX-10 security option %j is refused", (option) => {
    expect(problemPaths(guide({ securityOpt: ["no-new-privileges:true", option] }))).toEqual(["docker.securityOpt"]);
  });

  test.each([
    ["/var/run/docker.sock", "/var/run/docker.sock"],
    ["/run/docker.sock", "/workspace"],
    ["//var/run/docker.sock", "/tmp"],
    ["/", "/workspace"],
    ["/etc", "/etc"],
    ["/proc", "/proc"],
    ["/root/.ssh", "/workspace"],
    ["~/.ssh", "/workspace"],
    ["./workspace", "/workspace"],
    ["/workspace", "/etc"],
    ["/workspace/../etc", "/workspace"],
    ["//workspace", "/workspace"],
    ["/workspace/", "/workspace"],
    ["/Workspace", "/workspace"],
    ["/tmp", "/workspace"],
    ["/workspace", "/workspace/../../etc"],
    ["/workspace", "//workspace"],
  ])("SBX-9 volume %j → %j is refused", (source, target) => {
    expect(problemPaths(guide({ volumes: { [source]: { target, mode: "rw" } } }))).toEqual([
      `docker.volumes.${source}`,
    ]);
  });

  test.each(["root", "0", "0000", "-1", "nobody:root", "", "4294967296", "65534 "])(
    "SBX-11 user %j is refused",
    (user) => {
      expect(problemPaths(guide({ user }))).toEqual(["docker.user"]);
    },
  );

  test.each(["root", "0", "docker", "sudo"])("SBX-11 group %j is refused", (group) => {
    expect(problemPaths(guide({ group }))).toEqual(["docker.group"]);
  });

  test.each(["", "x y", "UPPER", "image --privileged", "-v", "../x", "image:"])(
    "SBX-2 image %j is refused",
    (image) => {
      expect(problemPaths(guide({ image }))).toEqual(["docker.image"]);
    },
  );

  test("limits that mean no limit are refused, each by name", () => {
    const limits = { memory: 0, cpu: 0, disk: 0, processes: -1, timeout: 0, output: Number.NaN };
    expect(problemPaths(guide({ limits }))).toEqual(
      ["memory", "cpu", "disk", "processes", "timeout", "output"].map((key) => `docker.limits.${key}`),
    );
  });

  test("every problem is told at once", () => {
    expect(problemPaths(guide({ network: "host", user: "root", runtime: "nvidia", digest: "latest" }))).toEqual([
      "docker.runtime",
      "docker.digest",
      "docker.network",
      "docker.user",
    ]);
  });
});
