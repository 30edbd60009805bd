/** Every limit under gVisor: held, or the run is refused. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { usableRuntimes } from "#worker/engine.ts";
import { docker, openBench, type SandboxBench } from "#worker/test/support.ts";

const MiB = 1024 * 1024;
const { Runtimes } = (await docker.info()) as { Runtimes: Parameters<typeof usableRuntimes>[0] };
const LIMITS = { memory: "128m", cpu: 0.5, processes: 160, disk: "200m", timeout: "6s", output: "64k" };

describe.skipIf(!usableRuntimes(Runtimes).includes("runsc"))("under runsc", () => {
  let bench: SandboxBench;
  const configure = (limits: object): void =>
    bench.configure({
      security: { sandboxing: { docker: { runtime: "runsc", limits: { ...LIMITS, ...limits }, pool: { size: 0 } } } },
    });
  beforeAll(async () => {
    bench = await openBench();
    configure({});
    await bench.startWorker();
  });
  afterAll(() => bench.close());

  test("SBX-5 memory", async () => {
    const run = await bench.run("python", "hoard = []\nwhile True: hoard.append(bytearray(1 << 20))");
    expect(run).toMatchObject({ state: "failed", reason: "memory" });
    // The kernel charges in batches of 64 pages and was seen one page over before it said no.
    expect(run.usage?.memoryPeakBytes ?? Infinity).toBeLessThanOrEqual(128 * MiB + 64 * 4096);
  });

  test("SBX-6 processor", async () => {
    const run = await bench.run("sh", "(while :; do :; done) & while :; do :; done");
    const share = (run.usage?.cpuMs ?? NaN) / (run.usage?.wallMs ?? NaN);
    expect(share).toBeLessThan(0.6);
    expect(share).toBeGreaterThan(0.1);
  });

  test("SBX-8 processes: gVisor's own threads count too, and all of it ends where there are no more", async () => {
    const run = await bench.run(
      "python",
      "import os, time\nfor n in range(1000):\n  print(n, flush=True)\n  if os.fork() == 0: time.sleep(60)\ntime.sleep(60)",
    );
    expect(run.state).toBe("failed");
    expect(["processes", "timeout", "exit"]).toContain(run.reason);
    expect(run.stdout.trim().split("\n").length).toBeLessThanOrEqual(160);
    expect(run.usage?.processesPeak ?? Infinity).toBeLessThanOrEqual(160);
  });

  test("SBX-7 disk: all places together", async () => {
    const run = await bench.run(
      "python",
      `written = 0
for place in ("/workspace", "/tmp", "/dev/shm"):
  with open(place + "/fill", "wb", 0) as file:
    try:
      while True: written += file.write(b"x" * 65536)
    except OSError as error: print(place, error.errno)
print(written)`,
    );
    const lines = run.stdout.trim().split("\n");
    expect(lines.slice(0, 3)).toEqual(["/workspace 28", "/tmp 28", "/dev/shm 28"]);
    expect(Number(lines.at(3))).toBeLessThanOrEqual(200 * MiB);
    expect(Number(lines.at(3))).toBeGreaterThan(180 * MiB);
    expect(run.limits).toMatchObject({ diskBackend: "loop-ext4", runtime: "runsc" });
  });

  test("SBX-12 output", async () => {
    expect(await bench.run("sh", "yes 0123456789")).toMatchObject({ state: "failed", reason: "output_limit" });
  });

  test("SBX-12 time", async () => {
    const run = await bench.run("sh", "trap '' TERM INT; while :; do sleep 1; done");
    expect(run).toMatchObject({ state: "failed", reason: "timeout" });
    expect(run.usage?.wallMs).toBeLessThan(10_000);
  });

  test("SBX-10 the device nodes it lets a program make lead to no device of the host", async () => {
    const run = await bench.run(
      "python",
      `import errno, os, stat
for kind, major, minor in ((stat.S_IFCHR, 1, 1), (stat.S_IFCHR, 1, 11), (stat.S_IFBLK, 8, 0), (stat.S_IFBLK, 254, 0), (stat.S_IFBLK, 7, 0), (stat.S_IFCHR, 10, 237)):
  path = f"/tmp/{kind}-{major}-{minor}"
  os.mknod(path, kind | 0o600, os.makedev(major, minor))
  try: os.open(path, os.O_RDWR); print("opened")
  except OSError as error: print(errno.errorcode[error.errno])`,
    );
    expect(run.stdout).toBe("ENXIO\n".repeat(6));
  });

  test("SBX-10 the seccomp profile is in force, also for calls by the 32-bit interface", async () => {
    const run = await bench.run(
      "python",
      `import ctypes, mmap, os
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall(272, 0x10000000), ctypes.get_errno(), flush=True)
def door(number):
  if os.fork() == 0:
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(bytes.fromhex("bf00000010b8") + number.to_bytes(4, "little") + bytes.fromhex("cd80c3"))
    print(ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))(), flush=True)
    os._exit(0)
  print(os.wait()[1], flush=True)
door(272)
door(165)`,
    );
    expect(run.stdout).toBe("-1 1\n-1\n0\n31\n");
  });
});
