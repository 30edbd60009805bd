import fc from "fast-check";
import { expect, test } from "vitest";
import type { SandboxPolicy } from "#server/sandbox/policy.ts";
import { containerSpec, LABEL, type ContainerSpec } from "#worker/container-spec.ts";
import { planDisk, type DiskPlan } from "#worker/disk-plan.ts";

const MiB = 1024 * 1024;
const policy: SandboxPolicy = {
  image: "openclaw/sandbox:latest",
  digest: null,
  network: "none",
  runtime: "runc",
  readonlyRoot: true,
  memoryBytes: 512 * MiB,
  cpuCores: 0.5,
  diskBytes: 1024 * MiB,
  processes: 64,
  timeoutMs: 60_000,
  outputBytes: MiB,
  uid: 65534,
  gid: 65534,
  volumes: [],
};

function planOf(given: SandboxPolicy, loopDisks = true): DiskPlan {
  const answer = planDisk(given, loopDisks);
  if (!answer.ok) {
    throw new Error(answer.message);
  }
  return answer.plan;
}

const spec = (more: Partial<ContainerSpec> = {}): ContainerSpec => ({
  policy,
  plan: planOf(policy),
  volume: "openclaw-wrk_1-d_1",
  mounts: [],
  linkFolder: null,
  imageId: "sha256:0123",
  seccomp: "{}",
  identity: { runId: "run_1", attempt: 1 },
  workerId: "wrk_1",
  instanceId: "0123456789abcdef",
  deadline: 1_800_000_000_000,
  ...more,
});

test("SBX-3 SBX-4 SBX-5 SBX-6 SBX-7 SBX-8 SBX-10 SBX-11 the whole request with the default limits", () => {
  expect(containerSpec(spec())).toMatchSnapshot();
});

test("SBX-7 a small disk lies in memory, sized and owned by the program", () => {
  const small = { ...policy, diskBytes: 128 * MiB };
  const { HostConfig } = containerSpec(spec({ policy: small, plan: planOf(small, false), volume: null }));
  expect(HostConfig?.Mounts).toEqual([]);
  expect(HostConfig?.Tmpfs).toMatchSnapshot();
});

test("a container made ahead differs from one made for a run in its name and one label only", () => {
  const forRun = containerSpec(spec());
  const ahead = containerSpec(spec({ identity: { poolEntry: "p_1" } }));
  expect(ahead).toEqual({
    ...forRun,
    name: "openclaw-pool-p_1",
    Labels: { ...forRun.Labels, [LABEL.run]: undefined, [LABEL.pool]: "p_1" },
  });
});

test("a container with a socket differs from one without by a read-only mount of its own folder only", () => {
  const without = containerSpec(spec());
  const { HostConfig, ...rest } = containerSpec(spec({ linkFolder: "/home/openclaw/run/links/1/l_1" }));
  const { HostConfig: hostConfig, ...others } = without;
  expect(rest).toEqual(others);
  expect(HostConfig).toEqual({
    ...hostConfig,
    Mounts: [
      ...(hostConfig?.Mounts ?? []),
      {
        Type: "bind",
        Source: "/home/openclaw/run/links/1/l_1",
        Target: "/run/openclaw",
        ReadOnly: true,
        BindOptions: { Propagation: "rprivate" },
      },
    ],
  });
});

test("whatever the policy says, no field opens the container", () => {
  const anyPolicy = fc.record({
    network: fc.constantFrom("none", "bridge", "agents"),
    readonlyRoot: fc.boolean(),
    memoryBytes: fc.integer({ min: 16 * MiB, max: 8192 * MiB }),
    cpuCores: fc.double({ min: 0.01, max: 64, noNaN: true }),
    diskBytes: fc.integer({ min: 4 * MiB, max: 8192 * MiB }),
    processes: fc.integer({ min: 4, max: 4096 }),
  });
  fc.assert(
    fc.property(
      anyPolicy,
      fc.constantFrom({ runId: "run_1", attempt: 1 }, { poolEntry: "p_1" }),
      (changes, identity) => {
        const changed = { ...policy, ...changes };
        const body = containerSpec(spec({ policy: changed, plan: planOf(changed), identity }));
        const host = body.HostConfig ?? {};
        expect(host).toMatchObject({
          Privileged: false,
          Binds: [],
          Devices: [],
          CapAdd: [],
          CapDrop: ["ALL"],
          PidMode: "",
          UTSMode: "",
          IpcMode: "private",
          Memory: changed.memoryBytes,
          MemorySwap: changed.memoryBytes,
          PidsLimit: changed.processes,
          ReadonlyRootfs: changed.readonlyRoot,
        });
        expect(host.SecurityOpt).toEqual(["no-new-privileges:true", "seccomp={}"]);
        expect(body.User).toBe("65534:65534");
        expect(JSON.stringify(body)).not.toMatch(/docker\.sock|unconfined|"host"|container:/);
      },
    ),
  );
});

test("SBX-7 the places that can be written never add up to more than the limit", () => {
  const sizes = fc.record({
    diskBytes: fc.integer({ min: 4 * MiB, max: 64 * 1024 * MiB }),
    memoryBytes: fc.integer({ min: 16 * MiB, max: 64 * 1024 * MiB }),
  });
  fc.assert(
    fc.property(sizes, fc.boolean(), (changes, loopDisks) => {
      const answer = planDisk({ ...policy, ...changes }, loopDisks);
      if (!answer.ok) {
        expect(loopDisks).toBe(false);
        return;
      }
      const { backend, workspaceBytes, tmpBytes, shmBytes } = answer.plan;
      expect(workspaceBytes + tmpBytes + shmBytes).toBeLessThanOrEqual(changes.diskBytes);
      expect(Math.min(workspaceBytes, tmpBytes, shmBytes)).toBeGreaterThanOrEqual(64 * 1024);
      // What lies in memory leaves the program at least half of it.
      const inMemory = tmpBytes + shmBytes + (backend === "tmpfs" ? workspaceBytes : 0);
      expect(inMemory).toBeLessThanOrEqual(changes.memoryBytes / 2);
    }),
  );
});

test("SBX-7 a limit that cannot be held is refused with what can be", () => {
  expect(planDisk(policy, false)).toEqual({ ok: false, message: expect.stringContaining('"256m"') as string });
});

test("SBX-7 the default adapts to the machine instead of refusing every run", () => {
  const unwritten = { ...policy, diskBytes: null };
  expect(planDisk(unwritten, true)).toMatchObject({ plan: { backend: "loop-ext4", diskBytes: 1024 * MiB } });
  expect(planDisk(unwritten, false)).toMatchObject({ plan: { backend: "tmpfs", diskBytes: 256 * MiB } });
});
