/** What a program meets inside a real container started by a real worker, and what is left afterwards. */
import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { listRuns, requestCancel, getRun } from "#server/sandbox/index.ts";
import type { RunEvent, RunView } from "#server/sandbox/schema.ts";
import { docker, openBench, until, type SandboxBench } from "#worker/test/support.ts";

const MiB = 1024 * 1024;
let bench: SandboxBench;

beforeAll(async () => {
  bench = await openBench();
  bench.configure({
    security: { sandboxing: { docker: { limits: { memory: "128m", disk: "300m", processes: 32, timeout: "6s" } } } },
  });
  await bench.startWorker();
});
afterAll(() => bench.close());

afterEach(async () => {
  await until("every container is removed", async () => (await bench.containers()).length === 0);
});

const pairs = (lines: string[], separator: string): Record<string, string> =>
  Object.fromEntries(
    lines.map((line): [string, string] => {
      const [key = "", value = ""] = line.split(separator);
      return [key, value];
    }),
  );

const sh = (code: string): Promise<RunView> => bench.run("sh", code);

describe("languages", () => {
  test("python, node and sh run and their output, errors and exit codes come back", async () => {
    expect(await bench.run("python", "print(6*7)")).toMatchObject({
      state: "succeeded",
      reason: "exit",
      exitCode: 0,
      stdout: "42\n",
    });
    expect(await bench.run("node", "console.log(6*7)")).toMatchObject({ state: "succeeded", stdout: "42\n" });
    expect(await sh("echo $((6*7)); echo oops >&2; exit 3")).toMatchObject({
      state: "failed",
      reason: "exit",
      exitCode: 3,
      stdout: "42\n",
      stderr: "oops\n",
    });
  });

  test("the program is a file of its own: it may read standard input (empty), quote anything and name lines in errors", async () => {
    const tricky = await sh(`cat; echo 'it'"'"'s $(date) \`id\`'; printf '%s\\n' "$0"`);
    expect(tricky.stdout).toBe("it's $(date) `id`\n/workspace/main.sh\n");
    const failing = await bench.run("python", "x = 1\nraise ValueError(x)");
    expect(failing.stderr).toContain('File "/workspace/main.py", line 2');
  });

  test("a program that closes its output goes on, and its end is seen", async () => {
    const run = await sh("echo first; exec >&- 2>&-; sleep 3; exit 5");
    expect(run).toMatchObject({ state: "failed", reason: "exit", exitCode: 5, stdout: "first\n" });
  });

  test("python threads, processes and asyncio, node workers, fetch and git work under the profile", async () => {
    const python = await bench.run(
      "python",
      [
        "import asyncio, multiprocessing, sqlite3, ssl, subprocess, threading",
        "t = threading.Thread(target=lambda: print('thread')); t.start(); t.join()",
        "with multiprocessing.Pool(2) as pool: print(pool.map(abs, [-1, -2]))",
        "asyncio.run(asyncio.sleep(0.01))",
        "print(subprocess.run(['git', 'init', '-q', 'r']).returncode, subprocess.run(['git', '-C', 'r', 'status', '-s']).returncode)",
      ].join("\n"),
    );
    expect(python).toMatchObject({ state: "succeeded", stdout: "thread\n[1, 2]\n0 0\n" });
    const node = await bench.run(
      "node",
      `new (require("node:worker_threads").Worker)("console.log('worker')", { eval: true }).on("exit", () => {
         console.log(require("node:child_process").execFileSync("sh", ["-c", "echo child"]).toString().trim());
         fetch("http://192.0.2.1/").catch((error) => console.log(error.cause.code));
       });`,
    );
    expect(node).toMatchObject({ state: "succeeded", stdout: "worker\nchild\nENETUNREACH\n" });
  });
});

describe("isolation", () => {
  test("SBX-11 SBX-10 uid and gid 65534, no capability, no new privileges, seccomp filter", async () => {
    const { stdout } = await sh(
      "id -u; id -g; id -G; grep -E '^(CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status",
    );
    expect(stdout.split("\n").slice(0, 3)).toEqual(["65534", "65534", "65534"]);
    const status = pairs(stdout.trim().split("\n").slice(3), ":\t");
    const none = "0000000000000000";
    expect(status).toEqual({
      CapInh: none,
      CapPrm: none,
      CapEff: none,
      CapBnd: none,
      CapAmb: none,
      NoNewPrivs: "1",
      Seccomp: "2",
    });
  });

  test("CVE-2026-28363 GHSA-796m the program that runs is the one that was sent, byte for byte", async () => {
    const code = [
      "import hashlib",
      "# $(id) `id` ${HOME} %s \\n \u200b\u202e\ufeff 'quote\" <<EOF",
      "x = 1\r",
      "print(hashlib.sha256(open(__file__, 'rb').read()).hexdigest(), end='')",
    ].join("\n");
    const run = await bench.run("python", code);
    expect(run.stdout).toBe(createHash("sha256").update(code).digest("hex"));
  });

  test("SBX-3 only the loopback interface, no route, no resolver of the host", async () => {
    const { stdout } = await sh("ls /sys/class/net; tail -n +2 /proc/net/route; cat /etc/resolv.conf");
    expect(stdout).toBe("lo\nnameserver 127.0.0.1\n");
  });

  test("SBX-4 SBX-7 nothing is writable except /workspace, /tmp and /dev/shm, and these are the run's own", async () => {
    const { stdout } = await sh(
      "for d in $(find / -xdev -type d -writable 2>/dev/null; find /dev -type d -writable) /workspace /tmp /proc/sys /sys; do touch $d/probe 2>/dev/null && echo $d; done | sort -u",
    );
    expect(stdout.trim().split("\n")).toEqual(["/dev/mqueue", "/dev/shm", "/tmp", "/workspace"]);
    const { stdout: next } = await sh("ls -A /workspace /tmp /dev/shm; touch /etc/x; ls /var/run/docker.sock");
    expect(next).toBe("/dev/shm:\n\n/tmp:\n.openclaw\n\n/workspace:\nmain.sh\n");
  });

  test("SBX-10 calls that reach for the kernel or other processes are refused", async () => {
    const { stdout } = await bench.run("python", PROBE);
    expect(pairs(stdout.trim().split("\n"), " ")).toEqual({
      ptrace: "EPERM",
      io_uring_setup: "EPERM",
      userfaultfd: "EPERM",
      keyctl: "EPERM",
      add_key: "EPERM",
      unshare: "EPERM",
      personality: "EPERM",
      perf_event_open: "EPERM",
      process_vm_readv: "EPERM",
      chroot: "EPERM",
      clone_newuser: "EPERM",
      clone3: "ENOSYS",
      af_packet: "EPERM",
      af_alg: "EPERM",
      af_vsock: "EPERM",
      netlink_audit: "EPERM",
    });
  });
});

describe("limits", () => {
  test("SBX-5 a memory bomb ends with reason memory", async () => {
    const run = await bench.run("python", "x = []\nwhile True: x.append(bytearray(1 << 20))");
    expect(run).toMatchObject({ state: "failed", reason: "memory", exitCode: 137 });
    expect(run.message).toContain("128 MiB");
    expect(await bench.events(run.id)).toContainEqual({
      event: "sandbox.limit_hit",
      outcome: "denied",
      reason: "memory",
    });
  });

  test("SBX-5 a killed child counts even when the program ends well", async () => {
    const code = "import subprocess\nsubprocess.run(['python3', '-c', 'x = bytearray(400 << 20)'])";
    expect(await bench.run("python", code)).toMatchObject({ state: "failed", reason: "memory", exitCode: 0 });
  });

  test("SBX-6 half a core is half a core", async () => {
    const run = await bench.run("python", "import time\nend = time.time() + 3\nwhile time.time() < end: pass");
    const share = (run.usage?.cpuMs ?? 0) / (run.usage?.wallMs ?? 1);
    expect(share).toBeGreaterThan(0.3);
    expect(share).toBeLessThan(0.55);
  });

  test.each(["/workspace", "/tmp", "/dev/shm"])("SBX-7 filling %s ends with ENOSPC", async (place) => {
    const run = await sh(
      `exec 2>&1; for i in 1 2 3 4 5 6; do dd if=/dev/zero of=${place}/f$i bs=1M count=100 || exit 1; done`,
    );
    expect(run.stdout).toContain("No space left on device");
    expect(run).toMatchObject({
      state: "failed",
      reason: "disk",
      limits: { diskBytes: 300 * MiB, diskBackend: "loop-ext4" },
    });
    expect(run.usage?.diskBytes).toBeLessThanOrEqual(300 * MiB);
  });

  test.each([
    ["sh", "bomb() { bomb | bomb & }; bomb; sleep 60"],
    ["python", "import os\nwhile True: os.fork()"],
    ["node", "for (;;) require('node:child_process').spawn('sleep', ['60'])"],
  ] as const)("SBX-8 a fork bomb in %s ends with reason processes", async (language, code) => {
    const run = await bench.run(language, code);
    expect(run).toMatchObject({ state: "failed", reason: "processes" });
    expect(run.usage?.processesPeak).toBeLessThanOrEqual(32);
  });

  test("SBX-12 a gigabyte of output ends at the cap, cut there", async () => {
    const run = await sh("yes 0123456789 | head -c 1073741824");
    expect(run).toMatchObject({
      state: "failed",
      reason: "output_limit",
      outputTruncated: true,
      usage: { outputBytes: MiB },
    });
    expect(run.stdout.length).toBe(MiB);
  });

  test("SBX-12 an endless loop ends with reason timeout, signals ignored or not", async () => {
    const started = Date.now();
    const runs = await Promise.all([sh("while :; do :; done"), sh("trap '' TERM INT; echo here; sleep 3600")]);
    expect(runs.map(({ state, reason }) => [state, reason])).toEqual([
      ["failed", "timeout"],
      ["failed", "timeout"],
    ]);
    expect(runs[1]?.stdout).toBe("here\n");
    expect(Date.now() - started).toBeLessThan(12_000);
  });
});

describe("following and stopping", () => {
  test("SBX-12 a running program is gone within 2 s of the request, and the record says who asked", async () => {
    const runId = await bench.submit("sh", "echo up; sleep 3600");
    for await (const event of bench.watcher.follow(runId)) {
      if (event.kind === "stdout") {
        break;
      }
    }
    const asked = Date.now();
    const actor = { type: "operator", id: "ana" } as const;
    expect(await requestCancel(bench.deps, actor, { runId })).toBe("requested");
    expect(await bench.watcher.waitForEnd(runId, { timeoutMs: 10_000 })).toMatchObject({
      state: "cancelled",
      reason: "cancelled",
      stdout: "up\n",
    });
    await until("the container is gone", async () => (await bench.containers()).length === 0);
    expect(Date.now() - asked).toBeLessThan(2_000);
    expect(await requestCancel(bench.deps, actor, { runId })).toBe("already_final");
    expect((await bench.events(runId)).map(({ event }) => event)).toEqual([
      "run.queued",
      "run.started",
      "run.cancel_requested",
      "run.ended",
    ]);
  });

  test("a signal of the engine, as at its shutdown, is told apart from one of the program itself", async () => {
    const runId = await bench.submit("sh", "sleep 3600");
    await until("it runs", async () => (await bench.containers()).some(({ State }) => State === "running"));
    const [container] = await bench.containers();
    await docker.getContainer(container?.Id ?? "").kill({ signal: "SIGTERM" });
    const ended = await bench.watcher.waitForEnd(runId, { timeoutMs: 10_000 });
    expect(ended).toMatchObject({ state: "failed", reason: "engine_unavailable" });
    expect(await sh("kill -9 $$")).toMatchObject({ state: "failed", reason: "exit", exitCode: 137 });
    expect(await sh("kill -15 $$")).toMatchObject({ state: "failed", reason: "exit", exitCode: 143 });
  });

  test("output arrives while the program runs; a stream resumed anywhere has every event once", async () => {
    const runId = await bench.submit("python", "import time\nfor i in range(5):\n  print(i)\n  time.sleep(0.15)");
    const live: RunEvent[] = [];
    let whileRunning = 0;
    for await (const event of bench.watcher.follow(runId)) {
      live.push(event);
      whileRunning += event.kind === "stdout" && (await getRun(bench.deps, runId)).state === "running" ? 1 : 0;
    }
    expect(whileRunning).toBeGreaterThan(1);
    expect(live.map(({ seq }) => seq)).toEqual(live.map((_, index) => index + 1));
    expect([live.at(0)?.kind, live.at(1)?.kind, live.at(-1)?.kind]).toEqual(["queued", "started", "end"]);
    const text = live.map((event) => (event.kind === "stdout" ? event.data.text : "")).join("");
    expect(text).toBe("0\n1\n2\n3\n4\n");
    const resumed: RunEvent[] = [];
    for await (const event of bench.watcher.follow(runId, { afterSeq: 3 })) {
      resumed.push(event);
    }
    expect(resumed).toEqual(live.slice(3));
  });

  test("terminal escapes, invalid UTF-8 and NUL in the output are made harmless", async () => {
    const { stdout } = await sh(String.raw`printf 'a\033[31mred\033[0m\033]0;title\007b\000c\377d\r\n{"x":1}\n'`);
    expect(stdout).toBe('aredbc\ufffdd\r\n{"x":1}\n');
  });

  test("40 runs at once all end with their own output, and the list pages through them", async () => {
    const ids = await Promise.all(Array.from({ length: 40 }, (_, index) => bench.submit("sh", `echo ${index}`)));
    const ends = await Promise.all(ids.map((id) => bench.watcher.waitForEnd(id, { timeoutMs: 55_000 })));
    expect(ends.map(({ stdout }) => stdout)).toEqual(ids.map((_, index) => `${index}\n`));
    const seen = new Set<string>();
    let cursor: string | undefined;
    do {
      const page = await listRuns(bench.db, { limit: 7, cursor });
      page.runs.forEach(({ id }) => seen.add(id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(ids.every((id) => seen.has(id))).toBe(true);
  });
});

test("SBX-2 the image that ran is on record", async () => {
  const { imageDigest } = await sh("true");
  expect(imageDigest).toBe((await docker.getImage("openclaw/sandbox:latest").inspect()).Id);
});

const PROBE = `
import ctypes, errno, platform, socket
libc = ctypes.CDLL(None, use_errno=True)
x86 = platform.machine() == "x86_64"
numbers = {
  "ptrace": (101, 117), "io_uring_setup": (425, 425), "userfaultfd": (323, 282), "keyctl": (250, 219),
  "add_key": (248, 217), "unshare": (272, 97), "personality": (135, 92),
  "perf_event_open": (298, 241), "process_vm_readv": (310, 270), "chroot": (161, 51),
}
def report(name, result):
  print(name, "allowed" if result >= 0 else errno.errorcode[ctypes.get_errno()])
for name, pair in numbers.items():
  report(name, libc.syscall(pair[0 if x86 else 1], 0, 0, 0, 0, 0))
report("clone_newuser", libc.syscall(56 if x86 else 220, 0x10000000 | 17, 0, 0, 0, 0))
report("clone3", libc.syscall(435, 0, 0))
for name, args in {"af_packet": (17, 3, 0), "af_alg": (38, 5, 0), "af_vsock": (40, 1, 0), "netlink_audit": (16, 3, 9)}.items():
  try:
    socket.socket(*args); print(name, "allowed")
  except OSError as error:
    print(name, errno.errorcode[error.errno])
`;
