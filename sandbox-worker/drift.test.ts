/** What counts as another container than the one asked for. The engine's answer here is one of Docker Engine 20.10 to the same request. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigSchema } from "#server/config/schema.ts";
import { sandboxPolicy } from "#server/sandbox/policy.ts";
import { containerSpec } from "#worker/container-spec.ts";
import { planDisk } from "#worker/disk-plan.ts";
import { driftOf, type MadeContainer } from "#worker/drift.ts";

const answer = sandboxPolicy(ConfigSchema.parse({ security: {} }).security.sandboxing);
const plan = answer.ok ? planDisk(answer.policy, true) : null;
if (!answer.ok || plan?.ok !== true) {
  throw new Error("The defaults are refused");
}
const body = containerSpec({
  policy: answer.policy,
  plan: plan.plan,
  volume: "openclaw-wrk_1-d_1",
  mounts: [{ key: "k", source: "/srv/data", target: "/data", dev: 1n, ino: 2n }],
  linkFolder: null,
  imageId: "sha256:0123",
  seccomp: "{}",
  identity: { runId: "run_1", attempt: 1 },
  workerId: "wrk_1",
  instanceId: "0",
  deadline: 1,
});
const { HostConfig: asked = {} } = body;

interface Made extends MadeContainer {
  Config: Record<string, unknown>;
  HostConfig: Record<string, unknown>;
  Mounts: Record<string, unknown>[];
  NetworkSettings: { Networks: Record<string, unknown> };
}

/** As the engine fills it in: nothing, in its many spellings, and the defaults of its own. */
const made = (): Made =>
  structuredClone({
    Image: "sha256:0123",
    Config: {
      ...body,
      HostConfig: undefined,
      Env: [...(body.Env ?? []), "OF_THE_IMAGE=1"],
      Labels: { ...body.Labels, "of.the.image": "1" },
      Domainname: "",
      Volumes: null,
      OnBuild: null,
    },
    HostConfig: {
      ...asked,
      Binds: null,
      ContainerIDFile: "",
      PortBindings: null,
      RestartPolicy: { MaximumRetryCount: 0, Name: "no" },
      CgroupnsMode: "host",
      ConsoleSize: [0, 0],
      OomKillDisable: false,
      MemorySwappiness: null,
      Ulimits: [
        { Name: "core", Hard: 0, Soft: 0 },
        { Name: "nofile", Hard: 1024, Soft: 1024 },
        { Name: "memlock", Hard: 65536, Soft: 65536 },
      ],
      MaskedPaths: ["/proc/asound", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
      ReadonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    },
    Mounts: [
      {
        Type: "bind",
        Source: "/srv/data",
        Destination: "/data",
        Mode: "",
        RW: false,
        Propagation: "rprivate",
      },
      {
        Type: "volume",
        Name: "openclaw-wrk_1-d_1",
        Source: "/var/lib/docker/volumes/x/_data",
        Destination: "/workspace",
        Driver: "local",
        Mode: "z",
        RW: true,
        Propagation: "",
      },
    ],
    NetworkSettings: { Networks: { none: { EndpointID: "1" } } },
  });

test("what was asked for, with what every engine and image add, is no drift", () => {
  expect(driftOf(body, made())).toEqual([]);
});

describe("SBX-11 each way to get out is named", () => {
  const host: [string, unknown][] = [
    ["Privileged", true],
    ["SecurityOpt", ["no-new-privileges:true"]],
    ["SecurityOpt", ["no-new-privileges:true", "seccomp=unconfined"]],
    ["CapAdd", ["SYS_ADMIN"]],
    ["CapDrop", []],
    ["CapDrop", null],
    ["NetworkMode", "host"],
    ["PidMode", "host"],
    ["IpcMode", "host"],
    ["UTSMode", "host"],
    ["UsernsMode", "host"],
    ["CgroupnsMode", "container:x"],
    ["CgroupParent", "/"],
    ["Binds", ["/:/host"]],
    ["VolumesFrom", ["other"]],
    ["Devices", [{ PathOnHost: "/dev/sda", PathInContainer: "/dev/sda", CgroupPermissions: "rwm" }]],
    ["DeviceCgroupRules", ["a *:* rwm"]],
    ["DeviceRequests", [{ Count: -1, Capabilities: [["gpu"]] }]],
    ["Sysctls", { "kernel.shm_rmid_forced": "1" }],
    ["GroupAdd", ["docker"]],
    ["ReadonlyRootfs", false],
    ["Memory", 0],
    ["MemorySwap", -1],
    ["OomKillDisable", true],
    ["NanoCpus", 0],
    ["CpuQuota", -1],
    ["PidsLimit", null],
    ["ShmSize", 1 << 30],
    ["Tmpfs", { "/tmp": "rw,exec" }],
    ["Tmpfs", { ...asked.Tmpfs, "/lib": "" }],
    ["PortBindings", { "80/tcp": [] }],
    ["Ulimits", []],
    [
      "Ulimits",
      [
        { Name: "nofile", Soft: 1024, Hard: 1024 },
        { Name: "core", Soft: -1, Hard: -1 },
      ],
    ],
    ["Mounts", []],
    ["MaskedPaths", []],
    ["ReadonlyPaths", null],
    ["Runtime", "other"],
    ["RestartPolicy", { Name: "always" }],
    ["LogConfig", { Type: "json-file" }],
    ["Init", false],
  ];
  test.each(host)("HostConfig.%s = %j", (name, value) => {
    const other = made();
    other.HostConfig[name] = value;
    expect(driftOf(body, other)).toEqual([`HostConfig.${name}`]);
  });

  const config: [string, unknown][] = [
    ["User", "0:0"],
    ["User", ""],
    ["Entrypoint", ["/bin/sh", "-c", "id"]],
    ["Cmd", ["id"]],
    ["Tty", true],
    ["Healthcheck", { Test: ["CMD", "id"] }],
    ["Volumes", { "/free": {} }],
    ["Env", ["LD_PRELOAD=/x"]],
    ["Labels", {}],
  ];
  test.each(config)("Config.%s = %j", (name, value) => {
    const other = made();
    other.Config[name] = value;
    expect(driftOf(body, other)).toEqual([`Config.${name}`]);
  });

  test("another image, another or a wider mount, another network", () => {
    expect(driftOf(body, { ...made(), Image: "sha256:4567" })).toEqual(["Image"]);
    const extra = { Type: "volume", Name: "x", Destination: "/free", RW: true };
    for (const change of [
      (mounts: Made["Mounts"]) => mounts.slice(1),
      (mounts: Made["Mounts"]) => [...mounts, extra],
      (mounts: Made["Mounts"]) => mounts.map((mount) => ({ ...mount, RW: true })),
      (mounts: Made["Mounts"]) => mounts.map((mount) => ({ ...mount, Source: "/", Name: "y" })),
      (mounts: Made["Mounts"]) => mounts.map((mount) => ({ ...mount, Propagation: "rshared" })),
    ]) {
      const other = made();
      other.Mounts = change(other.Mounts);
      expect(driftOf(body, other)).toEqual(["Mounts"]);
    }
    const joined = made();
    joined.NetworkSettings.Networks.bridge = {};
    expect(driftOf(body, joined)).toEqual(["NetworkSettings.Networks"]);
  });
});

test("a setting is neutral only when it says nothing", () => {
  const other = made();
  other.HostConfig.Sysctls = {};
  other.HostConfig.LogConfig = { Type: "none", Config: null };
  expect(driftOf(body, other)).toEqual([]);
});

test("any setting of the engine that is neither asked for nor empty is named, also one that is not known here", () => {
  const names = Object.keys(made().HostConfig);
  const apart = new Set(["CgroupnsMode", "MaskedPaths", "ReadonlyPaths", "Ulimits", "__proto__"]);
  const value = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.integer({ min: 1 }),
    fc.integer({ max: -1 }),
    fc.constant(true),
    fc.array(fc.string({ minLength: 1 }), { minLength: 1 }),
    fc.dictionary(fc.stringMatching(/^[a-z/.]+$/), fc.jsonValue({ maxDepth: 1 }), { minKeys: 1 }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom(...names), fc.string({ minLength: 1 })), value, (name, other) => {
      const changed = made();
      fc.pre(!apart.has(name) && JSON.stringify(other) !== JSON.stringify(changed.HostConfig[name]));
      changed.HostConfig[name] = other;
      expect(driftOf(body, changed)).toEqual([`HostConfig.${name}`]);
    }),
    { numRuns: 2_000 },
  );
});
