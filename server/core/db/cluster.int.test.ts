/** The embedded server through its whole life, with the accidents in between. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type Cluster, type ClusterOptions } from "#server/core/db/cluster.ts";
import { folderClusterLayout, type ClusterLayout } from "#server/core/db/embedded-layout.ts";
import { findServerProcesses } from "#server/core/db/embedded-survivor.ts";

const PASSWORD = "owner0password";
let folder: string;
let layout: ClusterLayout;
const running: Cluster[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "openclaw-cluster-"));
  layout = folderClusterLayout(folder);
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((cluster) => cluster.stop()));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(changes: Partial<ClusterOptions> = {}): Promise<Cluster> {
  const cluster = await startCluster({ layout, ownerPassword: PASSWORD, ...changes });
  running.push(cluster);
  return cluster;
}

async function ask(url: string, sql: string): Promise<unknown[][]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const result = await client.query<unknown[]>({ text: sql, rowMode: "array" });
    return result.rows;
  } finally {
    await client.end();
  }
}

/** Starts the server in a process of its own, which then dies without a word. */
async function startAndKillStarter(): Promise<void> {
  const script = `
    import { startCluster } from ${JSON.stringify(new URL("./cluster.ts", import.meta.url).href)};
    await startCluster({ layout: ${JSON.stringify(layout)}, ownerPassword: ${JSON.stringify(PASSWORD)} });
    process.kill(process.pid, "SIGKILL");
  `;
  const starter = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  await once(starter, "exit");
}

describe("embedded PostgreSQL", () => {
  it("NET: listens on its socket only, with a password for everybody and checksums on", async () => {
    const cluster = await start();
    expect(await ask(cluster.ownerUrl(), "SHOW listen_addresses")).toEqual([[""]]);
    expect(await ask(cluster.ownerUrl(), "SHOW data_checksums")).toEqual([["on"]]);
    expect(await ask(cluster.ownerUrl(), "SHOW fsync")).toEqual([["on"]]);
    expect(await ask(cluster.ownerUrl(), "SHOW server_encoding")).toEqual([["UTF8"]]);
    expect(await ask(cluster.ownerUrl(), "SELECT DISTINCT type, auth_method FROM pg_hba_file_rules")).toEqual([
      ["local", "scram-sha-256"],
    ]);
    expect(readFileSync(`/proc/${cluster.pid}/net/tcp`, "utf8")).not.toContain(`:1538 `);
    await expect(ask(cluster.ownerUrl().replace(PASSWORD, "guess"), "SELECT 1")).rejects.toMatchObject({
      code: "28P01",
    });
    await expect(ask(cluster.ownerUrl().replace(`:${PASSWORD}`, ""), "SELECT 1")).rejects.toThrow();
  });

  it("FS: nobody else can enter its folders, and it does not run as root", async () => {
    const cluster = await start();
    expect(statSync(layout.dataDir).mode & 0o077).toBe(0);
    expect(statSync(layout.socketDir).mode & 0o077).toBe(0);
    const uid = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${cluster.pid}/status`, "utf8"))?.[1];
    expect(uid).not.toBe("0");
  });

  it("keeps what was committed through kill -9", async () => {
    const cluster = await start();
    await ask(cluster.ownerUrl(), "CREATE TABLE kept AS SELECT 42 AS answer");
    process.kill(cluster.pid, "SIGKILL");
    await cluster.exited;
    running.pop();
    const again = await start();
    expect(await ask(again.ownerUrl(), "SELECT answer FROM kept")).toEqual([[42]]);
  });

  it("replaces a server that outlived its supervisor", async () => {
    await startAndKillStarter();
    const survivors = findServerProcesses(layout.dataDir);
    expect(survivors.length).toBeGreaterThan(0);
    const cluster = await start();
    expect(survivors).not.toContain(cluster.pid);
    expect(await ask(cluster.ownerUrl(), "SELECT 1")).toEqual([[1]]);
  });

  it.each([
    ["empty", ""],
    ["nonsense", "not a pid\n"],
    ["a pid of a process that is not ours", "1\n"],
  ])("replaces a survivor whose pid file is %s", async (_name, text) => {
    await startAndKillStarter();
    writeFileSync(join(layout.dataDir, "postmaster.pid"), text);
    const cluster = await start();
    expect(await ask(cluster.ownerUrl(), "SELECT 1")).toEqual([[1]]);
  });

  it("starts over a stale socket and pid file", async () => {
    const cluster = await start();
    await cluster.stop();
    running.pop();
    writeFileSync(join(layout.socketDir, ".s.PGSQL.5432.lock"), "99999999\n");
    writeFileSync(join(layout.socketDir, ".s.PGSQL.5432"), "");
    writeFileSync(join(layout.dataDir, "postmaster.pid"), "99999999\n");
    const again = await start();
    expect(await ask(again.ownerUrl(), "SELECT 1")).toEqual([[1]]);
  });

  it("says which key file is wrong, and leaves no server running", async () => {
    await start();
    await Promise.all(running.splice(0).map((cluster) => cluster.stop()));
    await expect(start({ ownerPassword: "other" })).rejects.toThrow(/database-owner\.key/);
    expect(findServerProcesses(layout.dataDir)).toEqual([]);
  });

  it("does not take a folder that holds something else", async () => {
    const foreign = folderClusterLayout(join(folder, "foreign"));
    mkdirSync(foreign.dataDir);
    writeFileSync(join(foreign.dataDir, "precious"), "data");
    await expect(startCluster({ layout: foreign, ownerPassword: PASSWORD })).rejects.toThrow();
    expect(readFileSync(join(foreign.dataDir, "precious"), "utf8")).toBe("data");
  });

  it("begins again after a set-up that was cut off", async () => {
    const fresh = folderClusterLayout(join(folder, "fresh"));
    mkdirSync(`${fresh.dataDir}.new`);
    writeFileSync(join(`${fresh.dataDir}.new`, "PG_VERSION"), "18\n");
    const cluster = await startCluster({ layout: fresh, ownerPassword: PASSWORD, durable: false });
    running.push(cluster);
    expect(await ask(cluster.ownerUrl(), "SELECT 1")).toEqual([[1]]);
  });

  it("SEC: its log holds errors without the statements that caused them", async () => {
    const chunks: Buffer[] = [];
    const cluster = await start({ onLog: (chunk) => chunks.push(chunk) });
    await expect(ask(cluster.ownerUrl(), "SELECT 'canary-secret'::int")).rejects.toThrow();
    await cluster.stop();
    running.pop();
    const log = Buffer.concat(chunks).toString();
    expect(log).toContain("ERROR");
    expect(log).not.toContain("SELECT");
  });

  it("its command line holds no password", async () => {
    const cluster = await start();
    expect(execFileSync("ps", ["-o", "args=", "-p", String(cluster.pid)]).toString()).not.toContain(PASSWORD);
  });
});
