/** kill -9 of every part under load: no accepted message is lost or answered twice, the record stays sound, nothing is left behind. */
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startProduct, type Part, type Product } from "./support/product.ts";

const RUNS = 50;
const MINUTES = 60_000;
let product: Product;

beforeAll(async () => {
  product = await startProduct("{ security: { rateLimit: { enabled: false } } }");
}, 2 * MINUTES);
afterAll(() => product.stop(), MINUTES);

/** Sends one program; the run's id once the gateway has accepted it, null when it could not say so. */
async function submit(index: number): Promise<string | null> {
  try {
    const response = await fetch(`${product.url}/api/v1/messages`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${product.token}`,
        "content-type": "application/json",
        prefer: "respond-async",
      },
      body: JSON.stringify({ text: `/run sh\necho ${index}; sleep 0.2` }),
    });
    const body = (await response.json()) as { runId?: string };
    return response.status === 202 ? (body.runId ?? null) : null;
  } catch {
    return null;
  }
}

const states = async (ids: string[]): Promise<{ open: number; final: number }> => {
  const rows = await product.sql<{ state: string }>("SELECT state FROM run WHERE id = ANY($1)", [ids]);
  const final = rows.filter(({ state }) => ["succeeded", "failed", "cancelled"].includes(state)).length;
  return { open: ids.length - final, final };
};

describe("AUD-11 SBX-12 after kill -9 during 50 concurrent runs", () => {
  it.each<Part>(["worker", "server", "sealer", "postgres", "supervisor"])(
    "of the %s",
    async (victim) => {
      const accepted = (await Promise.all(Array.from({ length: RUNS }, (_, index) => submit(index)))).filter(
        (id) => id !== null,
      );
      expect(accepted.length).toBe(RUNS);
      await expect
        .poll(async () => (await states(accepted)).final, { timeout: MINUTES, interval: 20 })
        .toBeGreaterThan(3);
      expect((await states(accepted)).open).toBeGreaterThan(3);

      process.kill(product.pid(victim), "SIGKILL");
      if (victim === "supervisor") {
        await product.startAgain();
      }
      await expect
        .poll(() => states(accepted), { timeout: 2 * MINUTES, interval: 250 })
        .toEqual({ open: 0, final: RUNS });

      const ends = await product.sql<{ ends: number }>(
        "SELECT count(*)::int AS ends FROM run_event WHERE kind = 'end' AND run_id = ANY($1) GROUP BY run_id",
        [accepted],
      );
      expect(ends).toEqual(Array.from({ length: RUNS }, () => ({ ends: 1 })));
      const lost = await product.sql(
        "SELECT id, state, reason, message FROM run WHERE id = ANY($1) AND state <> 'succeeded'",
        [accepted],
      );
      expect(lost).toEqual([]);

      await expect
        .poll(async () => (await product.sql("SELECT id FROM audit_intake")).length, { timeout: MINUTES })
        .toBe(0);
      const recorded = await product.sql<{ event: string; count: number }>(
        `SELECT event, count(DISTINCT target)::int AS count FROM audit_event WHERE target = ANY($1) AND event IN ('message.received', 'run.queued', 'run.ended') GROUP BY event ORDER BY event`,
        [accepted],
      );
      expect(recorded).toEqual([
        { event: "message.received", count: RUNS },
        { event: "run.ended", count: RUNS },
        { event: "run.queued", count: RUNS },
      ]);
      const verdict = product.cli("security", "verify-audit", "--json");
      expect([verdict.status, verdict.stderr]).toEqual([0, ""]);

      await expect.poll(() => containersOf(accepted), { timeout: MINUTES }).toEqual([]);
    },
    5 * MINUTES,
  );
});

function containersOf(runs: string[]): string[] {
  const { stdout } = spawnSync(
    "docker",
    ["ps", "-a", "--filter", "label=openclaw.sandbox=1", "--format", '{{.Label "openclaw.run"}}'],
    { encoding: "utf8" },
  );
  return stdout.split("\n").filter((run) => runs.includes(run));
}
