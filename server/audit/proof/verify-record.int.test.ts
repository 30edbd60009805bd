import type { PoolClient } from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openRecordBench, type RecordBench } from "../../../tests/support/record-bench.ts";
import { createPool } from "#server/core/db/pool.ts";

let bench: RecordBench;
beforeEach(async () => {
  bench = await openRecordBench();
});
afterEach(() => bench.close());

test("AUD-4 a verification whose connection is lost fails, says nothing about the record, and ends no process", async () => {
  await bench.append(0, 3);
  await bench.sealAll();
  const db = createPool({ connectionString: bench.database.sealerUrl, name: "verifying", max: 1 });
  // What the verification asks first waits behind the end of its connection.
  db.once("acquire", (client: PoolClient) => {
    client.query("SELECT pg_terminate_backend(pg_backend_pid())").catch(() => undefined);
  });
  await expect(bench.verify({ db })).rejects.toThrow("terminated");
  expect(await bench.verify({ db })).toMatchObject({ sound: true, head: { seq: 3 } });
  await db.end();
});
