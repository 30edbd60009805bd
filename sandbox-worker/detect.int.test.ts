/** Detection on the real kernel and engine: attacks are named, ordinary programs raise nothing. */
import { Duplex } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Language } from "#server/sandbox/schema.ts";
import { EscapeMonitor, type Detection } from "#worker/detect.ts";
import { kernelLogTurn } from "#worker/hostile/alone.ts";
import { KernelLog } from "#worker/kernel-log.ts";
import { SECCOMP_PROFILE } from "#worker/seccomp.ts";
import { docker } from "#worker/test/support.ts";

const log = KernelLog.open();
const monitor = new EscapeMonitor(log);
let endTurn: () => Promise<void>;
beforeAll(async () => {
  endTurn = await kernelLogTurn();
}, 300_000);
afterAll(async () => {
  log?.close();
  await endTurn();
});

const INTERPRETERS: Record<Language, string[]> = {
  python: ["python3", "-c"],
  node: ["node", "-e"],
  sh: ["/bin/sh", "-c"],
};
/** Waits for a line first, so that the program starts after the watching has. */
const WAIT = 'read -r line; exec "$0" "$@"';

interface Watched {
  detections: Detection[];
  exitCode: number;
}

/** Runs in a container that is locked down as ours are, watched as ours are; `meanwhile` runs beside it. */
async function run(language: Language, code: string, meanwhile?: (id: string) => Promise<void>): Promise<Watched> {
  const container = await docker.createContainer({
    Image: "openclaw/sandbox:latest",
    User: "65534:65534",
    WorkingDir: "/workspace",
    Entrypoint: ["/bin/sh", "-c", WAIT],
    Cmd: [...INTERPRETERS[language], code],
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    HostConfig: {
      NetworkMode: "none",
      Init: true,
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      PidsLimit: 32,
      Memory: 256 * 1024 * 1024,
      SecurityOpt: ["no-new-privileges:true", `seccomp=${SECCOMP_PROFILE}`],
      Tmpfs: { "/workspace": "rw,exec,size=64m,uid=65534,gid=65534,mode=0700", "/tmp": "rw,size=16m,mode=1777" },
      LogConfig: { Type: "none", Config: {} },
    },
  });
  try {
    const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    stream.on("data", () => undefined);
    await container.start();
    const watch = monitor.watch((await container.inspect()).State.Pid, true);
    stream.write("go\n");
    await meanwhile?.(container.id);
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    if (stream instanceof Duplex) {
      stream.destroy();
    }
    return { detections: watch.end(), exitCode: StatusCode };
  } finally {
    await container.remove({ force: true });
  }
}

const MOUNT = `
import ctypes, os, platform, time
mount = 165 if platform.machine() == "x86_64" else 40
libc = ctypes.CDLL(None)
`;

describe.skipIf(log === null)("calls the kernel kills for", () => {
  test("the main process mounts: an attempt, for certain, with the call's name", async () => {
    const { detections, exitCode } = await run("python", `${MOUNT}libc.syscall(mount, 0, 0, 0, 0, 0)`);
    expect(exitCode).toBe(159);
    expect(detections).toEqual([
      { event: "sandbox.escape_attempt", reason: "forbidden_call", evidence: { calls: { mount: 1 } } },
    ]);
  });

  test("a child that lives a while does it: the same", async () => {
    const code = `${MOUNT}
if os.fork() == 0:
  time.sleep(0.4)
  libc.syscall(mount, 0, 0, 0, 0, 0)
os.wait()`;
    const { detections, exitCode } = await run("python", code);
    expect(exitCode).toBe(0);
    expect(detections).toEqual([
      { event: "sandbox.escape_attempt", reason: "forbidden_call", evidence: { calls: { mount: 1 } } },
    ]);
  });

  test("another one beside it is not blamed for what a seen process did", async () => {
    const attack = `${MOUNT}time.sleep(0.5)\nlibc.syscall(mount, 0, 0, 0, 0, 0)`;
    const [honest, hostile] = await Promise.all([run("sh", "sleep 2"), run("python", attack)]);
    expect(hostile.detections.map(({ event }) => event)).toEqual(["sandbox.escape_attempt"]);
    expect(honest.detections).toEqual([]);
  });
});

test("a process of root in the container, put there from outside, is a stray", async () => {
  const { detections } = await run("sh", "sleep 3", async (id) => {
    const exec = await docker.getContainer(id).exec({ Cmd: ["sleep", "1"], User: "0:0" });
    const stream = await exec.start({});
    stream.on("data", () => undefined);
  });
  expect(detections).toMatchObject([{ event: "sandbox.escape_attempt", reason: "stray_process" }]);
  expect(detections[0]?.evidence).toMatchObject({ processes: { account: 1 } });
});

test("an exit code that looks like a killed call is no evidence", async () => {
  expect(await run("sh", "kill -SYS $$")).toEqual({ detections: [], exitCode: 159 });
  expect(await run("sh", "echo 'audit: type=1326 sig=31 syscall=165'; exit 159")).toEqual({
    detections: [],
    exitCode: 159,
  });
});

/** Each is run with a number of its own, 1 to 5. */
const ORDINARY: readonly [Language, (n: number) => string][] = [
  [
    "python",
    (n) =>
      `import subprocess\nfor i in range(${n}): subprocess.run(["sh", "-c", "ls -la / | sort | tail -3"], check=True)`,
  ],
  [
    "python",
    (n) =>
      `import multiprocessing.pool as m\nif __name__ == "__main__": print(sum(m.ThreadPool(${n}).map(abs, range(1000))))`,
  ],
  [
    "python",
    (n) =>
      `import os, json\nfor i in range(${n * 100}):\n  os.makedirs(f"site/p{i}/sub", exist_ok=True); json.dump({"n": i}, open(f"site/p{i}/sub/m.json", "w"))`,
  ],
  ["python", (n) => `import os\nfor i in range(${n * 3}):\n  if os.fork() == 0: os._exit(0)\n  os.wait()`],
  ["python", (n) => `import sqlite3, ssl, ctypes, mmap, socket, tempfile, venv\nprint("x" * ${n * 100_000})`],
  [
    "node",
    (n) =>
      `const { execFileSync } = require("child_process"); for (let i = 0; i < ${n}; i++) console.log(execFileSync("uname", ["-a"]).toString())`,
  ],
  [
    "node",
    (n) =>
      `const fs = require("fs"); for (let i = 0; i < ${n * 50}; i++) { fs.mkdirSync("node_modules/m" + i + "/lib", { recursive: true }); fs.writeFileSync("node_modules/m" + i + "/lib/index.js", "x") }`,
  ],
  [
    "node",
    (n) =>
      `const { Worker } = require("worker_threads"); for (let i = 0; i < ${Math.min(n, 2)}; i++) new Worker("console.log(process.pid)", { eval: true }); fetch("http://192.0.2.1").catch((e) => console.log(e.cause.code))`,
  ],
  [
    "sh",
    (n) =>
      `git init -q r && cd r && for i in $(seq ${n}); do echo $i >f$i; done && git -c user.name=a -c user.email=a@b add . && git -c user.name=a -c user.email=a@b commit -qm x && git log --stat`,
  ],
  [
    "sh",
    (n) =>
      `tar cf x.tar /etc 2>/dev/null; tar xf x.tar -C /tmp 2>/dev/null; find /proc /sys -maxdepth ${Math.min(n, 2)} 2>/dev/null | wc -l; mount | wc -l; df; ps 2>/dev/null; timeout 0.1 sleep 1; kill -9 $(sleep 9 & echo $!); exit 0`,
  ],
];

test("50 ordinary programs, three at a time, raise nothing", async () => {
  const waiting = ORDINARY.flatMap(([language, code]) => [1, 2, 3, 4, 5].map((n) => ({ language, code: code(n) })));
  expect(waiting).toHaveLength(50);
  const outcomes: { code: string; watched: Watched }[] = [];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      outcomes.push({ code: next.code, watched: await run(next.language, next.code) });
    }
  };
  await Promise.all([lane(), lane(), lane()]);
  expect(outcomes.filter(({ watched }) => watched.detections.length > 0)).toEqual([]);
  expect(outcomes.filter(({ watched }) => watched.exitCode !== 0)).toEqual([]);
}, 120_000);
