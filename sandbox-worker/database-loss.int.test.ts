/** The database dies under load: what was accepted ends exactly once, and nothing stays on the engine. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { expect, test } from "vitest";
import { DATABASE_NAME, socketUrl, startCluster } from "#server/core/db/cluster.ts";
import { folderClusterLayout } from "#server/core/db/embedded-layout.ts";
import { migrate } from "#server/core/db/migrate.ts";
import { deriveRolePasswords, LOGIN_ROLES, provisionRoles } from "#server/core/db/roles.ts";
import { openBench, until } from "#worker/test/support.ts";
import { RECORDED } from "../tests/support/audit.ts";

test(
  "kill -9 of PostgreSQL with 16 runs on their way: each accepted run ends exactly once",
  { timeout: 120_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "openclaw-test-"));
    const layout = folderClusterLayout(folder);
    const ownerPassword = "0123456789abcdef";
    const start = () => startCluster({ layout, ownerPassword, durable: true });
    let cluster = await start();
    const ownerUrl = cluster.ownerUrl();
    await migrate(ownerUrl);
    const passwords = deriveRolePasswords(ownerPassword);
    const client = new Client({ connectionString: ownerUrl });
    await client.connect();
    await provisionRoles(client, passwords);
    await client.end();
    const url = (role: "app" | "worker") => socketUrl(layout, LOGIN_ROLES[role], passwords[role], DATABASE_NAME);
    const bench = await openBench({
      ownerUrl,
      appUrl: url("app"),
      workerUrl: url("worker"),
      drop: async () => undefined,
    });
    try {
      await bench.startWorker();
      const ids = await Promise.all(
        Array.from({ length: 16 }, (_, index) => bench.submit("sh", `sleep 1; echo ${index}`)),
      );
      await until("four runs are on", async () => (await bench.containers()).length === 4);
      process.kill(cluster.pid, "SIGKILL");
      await cluster.exited;
      cluster = await start();
      await until("the database answers the pools again", () =>
        bench.db.run.count().then(
          () => true,
          () => false,
        ),
      );
      const runs = await Promise.all(ids.map((id) => bench.watcher.waitForEnd(id, { timeoutMs: 60_000 })));
      expect(runs.map(({ state, stdout }) => [state, stdout])).toEqual(
        ids.map((_, index) => ["succeeded", `${index}\n`]),
      );
      const { rows } = await bench.owner.query(
        "SELECT run_id FROM run_event WHERE kind = 'end' GROUP BY run_id HAVING count(*) = 1",
      );
      expect(rows).toHaveLength(ids.length);
      const ended = await bench.owner.query(`SELECT target FROM ${RECORDED} AS record WHERE event = 'run.ended'`);
      expect(new Set(ended.rows.map((row: { target: string }) => row.target))).toEqual(new Set(ids));
      await until("no container is left", async () => (await bench.containers()).length === 0);
    } finally {
      await bench.close();
      await cluster.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
