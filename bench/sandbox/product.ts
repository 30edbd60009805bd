/** P-SBX-3: what the way from HTTP to the reply adds to a warm run. P-SBX-5: what 500 runs leave behind. Both with the whole product. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { poolFull, tell, timed } from "./setup.ts";
import { median } from "../support/statistics.ts";
import { LABEL } from "#worker/container-spec.ts";
import { startProduct, type Product } from "../../tests/support/product.ts";

const ROUNDS = 20;
const RUNS = 500;
const WARM_UP = 40;
const PARALLEL = 8;
const POOL = 2;
const config = (docker: string): string =>
  `{ security: { rateLimit: { enabled: false }, sandboxing: { docker: { pool: { size: ${POOL} }, ${docker} } } } }`;

async function workerOf(product: Product): Promise<string> {
  const [worker] = await product.sql<{ id: string }>("SELECT id FROM worker_node ORDER BY heartbeat_at DESC LIMIT 1");
  return worker?.id ?? "";
}

async function send(product: Product): Promise<{ warm: boolean }> {
  const response = await fetch(`${product.url}/api/v1/messages`, {
    method: "POST",
    headers: { authorization: `Bearer ${product.token}`, "content-type": "application/json" },
    body: JSON.stringify({ text: "/run sh\ntrue" }),
  });
  const body = (await response.json()) as { run?: { state: string; usage: { warm: boolean } | null } };
  if (body.run?.state !== "succeeded") {
    throw new Error(`A run did not succeed (${response.status}); the figure would mean nothing`);
  }
  return { warm: body.run.usage?.warm === true };
}

/** @param warmMs the median of P-SBX-1 */
export async function measureHttp(warmMs: number): Promise<void> {
  // A disk in memory, as in P-SBX-1.
  const product = await startProduct(config('limits: { disk: "256m" }'));
  try {
    const times: number[] = [];
    while (times.length < ROUNDS) {
      await poolFull(POOL, await workerOf(product));
      let warm = false;
      const ms = await timed(async () => ({ warm } = await send(product)));
      if (warm) {
        times.push(ms);
      }
    }
    const totalMs = median(times);
    tell({ id: "P-SBX-3", totalMs: Math.round(totalMs), addedMs: Math.round(totalMs - warmMs), goalMs: 15 });
  } finally {
    await product.stop();
  }
}

const output = (command: string, ...args: string[]): string[] =>
  execFileSync(command, args, { encoding: "utf8" }).split("\n").filter(Boolean);

/** What the product holds now, on the engine and in its worker. */
async function standing(product: Product) {
  const workerId = await workerOf(product);
  const filter = `label=${LABEL.worker}=${workerId}`;
  const proc = `/proc/${product.pid("worker")}`;
  const [, kib = "0"] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`${proc}/status`, "utf8")) ?? [];
  return {
    containers: output("docker", "ps", "-aq", "--filter", filter).length,
    volumes: output("docker", "volume", "ls", "-q", "--filter", filter).length,
    loopDevices: output("losetup", "--list", "--noheadings", "--output", "BACK-FILE").filter((file) =>
      file.includes(workerId),
    ).length,
    workerFds: readdirSync(`${proc}/fd`).length,
    workerRssMiB: Math.round(Number(kib) / 1024),
  };
}

/** Runs that many, a few at a time; how many of them found a container made ahead. */
async function burst(product: Product, runs: number): Promise<number> {
  let left = runs;
  let warmRuns = 0;
  const sendWhileLeft = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      warmRuns += (await send(product)).warm ? 1 : 0;
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, sendWhileLeft));
  return warmRuns;
}

export async function measureLeaks(): Promise<void> {
  const product = await startProduct(config(""));
  try {
    // What is made once (connections, spare disks, code) is not a leak: the first runs are not counted.
    await burst(product, WARM_UP);
    await poolFull(POOL, await workerOf(product));
    await delay(5_000);
    const before = await standing(product);
    const startedAt = performance.now();
    const warmRuns = await burst(product, RUNS);
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    await poolFull(POOL, await workerOf(product));
    await delay(5_000);
    const after = await standing(product);
    tell({ id: "P-SBX-5", runs: RUNS, warmRuns, seconds, before, after });
  } finally {
    await product.stop();
  }
}
