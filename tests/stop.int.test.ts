/** DELETE of a run through the whole product: whatever it is doing, it is over within 2 s and its container is gone. */
import { spawnSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startProduct, type Product } from "./support/product.ts";

const MINUTES = 60_000;
/** The promise is 2 s on an idle engine; tests share theirs with others. */
const LIMIT_MS = 4_000;
let product: Product;

beforeAll(async () => {
  product = await startProduct(
    `{ security: { rateLimit: { enabled: false }, sandboxing: { docker: { limits: { memory: "128m", output: "64m" } } } } }`,
  );
}, 2 * MINUTES);
afterAll(() => product.stop(), MINUTES);

interface RunBody {
  state: string;
  reason: string | null;
  stdout: string;
}

const call = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${product.url}/api/v1/${path}`, {
    ...init,
    headers: {
      authorization: `Bearer ${product.token}`,
      "content-type": "application/json",
      prefer: "respond-async",
    },
  });

async function submit(code: string): Promise<string> {
  const response = await call("messages", { method: "POST", body: JSON.stringify({ text: `/run sh\n${code}` }) });
  const { runId } = (await response.json()) as { runId: string };
  return runId;
}

const read = async (runId: string): Promise<RunBody> => (await (await call(`runs/${runId}`)).json()) as RunBody;

async function until(runId: string, seen: (run: RunBody) => boolean, limitMs = 30_000): Promise<RunBody> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const run = await read(runId);
    if (seen(run)) {
      return run;
    }
    if (performance.now() > deadline) {
      throw new Error(`the run is still ${run.state} after ${limitMs} ms`);
    }
    await delay(20);
  }
}

/** The run's events so far contain output: its program is at work. */
async function atWork(runId: string): Promise<void> {
  await expect
    .poll(() => product.sql("SELECT 1 FROM run_event WHERE run_id = $1 AND kind = 'stdout' LIMIT 1", [runId]), {
      timeout: 30_000,
      interval: 50,
    })
    .toHaveLength(1);
}

/** Asks for the stop and returns how long it took until the run was over. */
async function stop(runId: string): Promise<number> {
  const askedAt = performance.now();
  const response = await call(`runs/${runId}`, { method: "DELETE" });
  expect(response.ok).toBe(true);
  const run = await until(runId, ({ state }) => !["queued", "running"].includes(state), LIMIT_MS);
  expect(run).toMatchObject({ state: "cancelled", reason: "cancelled" });
  return performance.now() - askedAt;
}

async function nothingLeft(): Promise<void> {
  const left = async (): Promise<string[]> => {
    const rows = await product.sql<{ id: string; container_id: string | null }>("SELECT id, container_id FROM run");
    const ours = new Set(rows.flatMap(({ id, container_id }) => [id, container_id]));
    const { stdout } = spawnSync(
      "docker",
      [
        "ps",
        "-a",
        "--no-trunc",
        "--filter",
        "label=openclaw.sandbox=1",
        "--format",
        '{{.ID}} {{.Label "openclaw.run"}}',
      ],
      { encoding: "utf8" },
    );
    return stdout.split("\n").filter((line) => line.split(" ").some((word) => ours.has(word)));
  };
  await expect.poll(left, { timeout: LIMIT_MS, interval: 50 }).toEqual([]);
}

const PROGRAMS = {
  sleeps: "echo up; sleep 3600",
  "ignores every signal it can": "trap '' TERM INT HUP QUIT; echo up; while :; do sleep 1; done",
  "forks without end": "echo up; for i in 1 2 3 4 5 6 7 8; do (while :; do (:) & wait $!; done) & done; wait",
  "floods its output": "while :; do echo flood; done",
};

describe("SBX-12 a stop from the API", () => {
  it.each(Object.entries(PROGRAMS))(
    "ends a program that %s",
    async (_name, code) => {
      const runId = await submit(code);
      await atWork(runId);
      expect(await stop(runId)).toBeLessThan(LIMIT_MS);
      await nothingLeft();
    },
    MINUTES,
  );

  it(
    "ends a run that is still getting its container, at whatever point it is",
    async () => {
      for (const afterMs of [0, 5, 20, 60, 150, 300]) {
        const runId = await submit("sleep 3600");
        await delay(afterMs);
        expect(await stop(runId)).toBeLessThan(LIMIT_MS);
      }
      await nothingLeft();
    },
    MINUTES,
  );

  it(
    "ends runs that wait in the queue behind others, without starting them",
    async () => {
      const busy = await Promise.all(Array.from({ length: 4 }, () => submit("echo up; sleep 3600")));
      await Promise.all(busy.map(atWork));
      const queued = await Promise.all(Array.from({ length: 3 }, () => submit("echo never")));
      const times = await Promise.all(queued.map(stop));
      expect(Math.max(...times)).toBeLessThan(LIMIT_MS);
      const started = await product.sql("SELECT 1 FROM run_event WHERE run_id = ANY($1) AND kind = 'started'", [
        queued,
      ]);
      expect(started).toEqual([]);
      expect(Math.max(...(await Promise.all(busy.map(stop))))).toBeLessThan(LIMIT_MS);
      await nothingLeft();
    },
    MINUTES,
  );
});

describe("a run that is followed", () => {
  it(
    "tells its use every 2 s, to those who read its events",
    async () => {
      const program =
        "import time; x = b'a' * 20000000; open('f', 'wb').write(b'a' * 1000000); time.sleep(5); print(len(x))";
      const runId = await submit(`python3 -c "${program}"`);
      const run = await until(runId, ({ state }) => state === "succeeded");
      expect(run.stdout).toBe("20000000\n");
      const text = await (await call(`runs/${runId}/events`)).text();
      const usage = [...text.matchAll(/^event: usage\ndata: (.*)$/gm)].map(
        ([, data = "{}"]) => JSON.parse(data) as Record<string, number>,
      );
      expect(usage.length).toBeGreaterThanOrEqual(2);
      const last = usage.at(-1);
      expect(last?.["memoryBytes"]).toBeGreaterThan(20_000_000);
      expect(last?.["memoryPeakBytes"]).toBeGreaterThanOrEqual(last?.["memoryBytes"] ?? Infinity);
      expect(last?.["cpuMs"]).toBeGreaterThan(0);
      expect(last?.["processes"]).toBeGreaterThan(1);
      expect(last?.["diskBytes"]).toBeGreaterThan(1_000_000);
    },
    MINUTES,
  );
});
