import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../tests/support/database.ts";
import { withClient } from "#server/core/db/with-client.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

it("work whose connection is lost fails, and ends no process", async () => {
  const work = withClient(database.ownerUrl, "lost", async (client) => {
    const known = new Promise((resolve) => client.once("end", resolve));
    await withClient(database.ownerUrl, "other", (other) =>
      other.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lost'"),
    );
    await known;
    return client.query("SELECT 1");
  });
  await expect(work).rejects.toThrow("not queryable");
});

it("gives what the work gives, and disconnects", async () => {
  const count = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'counted'";
  const inside = await withClient(
    database.ownerUrl,
    "counted",
    async (client) => (await client.query<{ n: number }>(count)).rows,
  );
  expect(inside).toEqual([{ n: 1 }]);
  await expect
    .poll(() =>
      withClient(database.ownerUrl, "after", async (client) => (await client.query<{ n: number }>(count)).rows),
    )
    .toEqual([{ n: 0 }]);
});
