import { spawnSync } from "node:child_process";
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { fileRules } from "#server/files/policy.ts";
import { docker, openBench } from "#worker/test/support.ts";
import { hostBinds, resolveVolumes, verifyVolumes, type HostMount } from "#worker/volumes.ts";

const top = realpathSync(mkdtempSync(join(tmpdir(), "openclaw-volumes-")));
const at = (...parts: string[]): string => join(top, ...parts);
let server: Server;
const made: string[] = [];

beforeAll(async () => {
  for (const folder of [
    "allowed/data",
    "allowed/denied",
    "allowed/socket",
    "account/.config",
    "account/openclaw/keys",
    "outside",
  ]) {
    mkdirSync(at(folder), { recursive: true, mode: 0o755 });
  }
  writeFileSync(at("allowed/data/a.txt"), "hello", { mode: 0o644 });
  writeFileSync(at("outside/secret"), "secret");
  server = createServer();
  await new Promise<void>((resolve) => server.listen(at("outside/engine"), resolve));
  linkSync(at("outside/engine"), at("allowed/socket/harmless.txt"));
  linkSync(at("outside/secret"), at("allowed/hard.txt"));
  symlinkSync("/etc", at("allowed/etc"));
  symlinkSync("/", at("allowed/top"));
  symlinkSync(at("outside"), at("allowed/out"));
  symlinkSync("/var/run/docker.sock", at("allowed/sock"));
  symlinkSync(at("allowed/data"), at("allowed/alias"));
});
afterEach(async () => {
  await Promise.all(made.splice(0).map((id) => docker.getContainer(id).remove({ force: true })));
});
afterAll(() => {
  server.close();
  rmSync(top, { recursive: true, force: true });
});

function resolve(source: string, { local = true, allowedPaths = [at("allowed")] } = {}): HostMount[] {
  const bases = { userHome: at("account"), openclawHome: at("account/openclaw") };
  const rules = fileRules(
    {
      allowedPaths,
      deniedPaths: [at("allowed/denied")],
      restrictions: { maxFileSize: 1, maxPathLength: 255, allowedExtensions: [], deniedExtensions: [] },
      monitoring: { logFileAccess: true, alertOnSuspicious: true, quarantineSuspicious: true },
    },
    bases,
  );
  return resolveVolumes([{ source, target: "/mnt/data" }], { rules, bases, local });
}

describe("SBX-9 CVE-2026-27002 GHSA-ww6v which host paths containers may read", () => {
  test("a listed folder or file, also through a link that stays among the listed ones", () => {
    for (const [source, real] of [
      ["allowed/data", "allowed/data"],
      ["allowed/data/a.txt", "allowed/data/a.txt"],
      ["allowed/alias", "allowed/data"],
    ] as const) {
      expect(resolve(at(source))).toMatchObject([{ source: at(real), target: "/mnt/data" }]);
    }
  });

  test.each([
    ["outside", "not allowed"],
    ["allowed/denied", "not allowed"],
    ["Allowed/data", "not there"],
    ["allowed/missing", "not there"],
    ["allowed/etc", "a folder of the system"],
    ["allowed/top", "a part of, or holds"],
    ["allowed/out", "not allowed"],
    ["allowed/out/engine", "not allowed"],
    ["allowed/sock", "a part of, or holds"],
    ["allowed/socket", "a socket or device"],
    ["allowed/socket/harmless.txt", "neither a folder nor a file with one name"],
    ["allowed/hard.txt", "neither a folder nor a file with one name"],
    ["allowed", "a socket or device"],
  ])("%s is refused: %s", (source, why) => {
    expect(() => resolve(at(source))).toThrow(why);
    expect(() => resolve(at(source))).toThrow(`security.sandboxing.docker.volumes["${at(source)}"]`);
  });

  test.each([
    "",
    "account",
    "account/.config",
    "account/openclaw",
    "account/openclaw/keys",
    "account/openclaw/workspace/..",
  ])("not even when everything is listed: %j", (source) => {
    expect(() => resolve(at(source), { allowedPaths: ["/"] })).toThrow("no configuration can open");
  });

  test.each(["/etc", "/proc", "/dev", "/var/run/docker.sock", "/run", "/root", "/", "~/.config", "."])(
    "nor %s",
    (source) => expect(() => resolve(source, { allowedPaths: ["/"] })).toThrow("no configuration can open"),
  );

  test("a path for an engine on another machine is refused", () => {
    expect(() => resolve(at("allowed/data"), { local: false })).toThrow("on another one");
  });
});

/** Makes and starts a container the way a run's is made, as far as mounts are concerned. */
async function start(mounts: readonly HostMount[], command: string): Promise<{ id: string; pid: number }> {
  const container = await docker.createContainer({
    Image: "openclaw/sandbox:latest",
    User: "65534:65534",
    Entrypoint: ["/bin/sh", "-c", command],
    OpenStdin: true,
    HostConfig: { NetworkMode: "none", ReadonlyRootfs: true, CapDrop: ["ALL"], Mounts: hostBinds(mounts) },
  });
  made.push(container.id);
  await container.start();
  const { State } = await container.inspect();
  return { id: container.id, pid: State.Pid };
}

describe("SBX-9 in a real container", () => {
  test("it is read and cannot be written", async () => {
    const mounts = resolve(at("allowed/data"));
    const tries = "cat /mnt/data/a.txt; touch /mnt/data/b; rm -f /mnt/data/a.txt; echo x >/mnt/data/a.txt";
    const { id } = await start(mounts, `(${tries}; grep /mnt/data /proc/self/mountinfo) 2>&1`);
    const container = docker.getContainer(id);
    await container.wait();
    const output = String(await container.logs({ stdout: true }));
    expect(output).toContain("hello");
    expect(output.match(/Read-only file system/gi)).toHaveLength(3);
    expect(output).toMatch(/ \/mnt\/data ro,/);
    expect(readFileSync(at("allowed/data/a.txt"), "utf8")).toBe("hello");
  });

  test("what is mounted below does not come along: it was not judged, and would be writable", async () => {
    const below = at("allowed/data/below");
    mkdirSync(below);
    expect(spawnSync("/bin/mount", ["-t", "tmpfs", "-o", "mode=1777", "tmpfs", below]).status).toBe(0);
    try {
      writeFileSync(join(below, "other.txt"), "other");
      const { id } = await start(resolve(at("allowed/data")), "(ls /mnt/data/below; touch /mnt/data/below/x) 2>&1");
      const container = docker.getContainer(id);
      await container.wait();
      const output = String(await container.logs({ stdout: true }));
      expect(output).not.toContain("other.txt");
      expect(output).toMatch(/read-only file system/i);
    } finally {
      spawnSync("/bin/umount", [below]);
    }
  });

  test("what is mounted is what was judged", async () => {
    const mounts = resolve(at("allowed/data"));
    const { pid } = await start(mounts, "cat");
    verifyVolumes(pid, mounts);
  });

  test("CVE-2026-44112 a folder that is exchanged for a link after it was judged is found out", async () => {
    mkdirSync(at("allowed/swap"));
    const mounts = resolve(at("allowed/swap"));
    renameSync(at("allowed/swap"), at("allowed/swapped"));
    symlinkSync(at("outside"), at("allowed/swap"));
    const { pid } = await start(mounts, "cat");
    expect(() => verifyVolumes(pid, mounts)).toThrow("volume_changed");
    expect(() => verifyVolumes(pid, [{ ...mounts[0], target: "/mnt/none" } as HostMount])).toThrow(
      "could not be verified",
    );
    expect(() => resolve(at("allowed/swap"))).toThrow("not allowed");
  });
});

test("SBX-9 a run of the real worker reads the path, and one whose path is gone is refused by the name of its key", async () => {
  const bench = await openBench();
  const configure = (source: string): void =>
    bench.configure({
      security: {
        fileSystem: { allowedPaths: [at("allowed")] },
        sandboxing: { docker: { limits: { memory: "64m", disk: "16m" }, volumes: { [source]: "/mnt/data:ro" } } },
      },
    });
  try {
    configure(at("allowed/data"));
    const worker = await bench.startWorker();
    const script = "cat /mnt/data/a.txt; touch /mnt/data/b";
    expect(await bench.run("sh", script)).toMatchObject({
      ...{ state: "failed", reason: "exit", stdout: "hello" },
      stderr: expect.stringMatching(/read-only file system/i) as string,
    });
    worker.kill("SIGTERM");
    configure(at("allowed/missing"));
    await bench.startWorker();
    expect(await bench.run("sh", script)).toMatchObject({
      ...{ state: "failed", reason: "refused", stdout: "" },
      message: expect.stringContaining(`docker.volumes["${at("allowed/missing")}"] names`) as string,
    });
  } finally {
    await bench.close();
  }
});
