/** OPS-3: a timeline is what the sealed record says of the subjects in the period, with the notes in between. */
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { insertSealed } from "../../tests/support/audit-rows.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import { createDb } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import { readIncident } from "#server/incidents/board.ts";
import { closeIncident, noteIncident, openIncident } from "#server/incidents/incidents.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const MINUTE = 60_000;
const BY = { actor: { type: "operator", id: "cli" } as const, name: "Ada" };
const clock = { time: NOW, now: () => clock.time };

let database: TestDatabase;
let owner: Client;
let pool: ReturnType<typeof createPool>;
let db: ReturnType<typeof createDb>;
beforeAll(async () => {
  database = await createTestDatabase();
  owner = new Client({ connectionString: database.ownerUrl });
  await owner.connect();
  pool = createPool({ connectionString: database.appUrl, name: "test", max: 3 });
  db = createDb(pool);
  await insertSealed(
    (text, values) => owner.query(text, values),
    [
      { event: "message.received", at: NOW - 90 * MINUTE, userId: "ada", reason: "too_early" },
      { event: "message.received", at: NOW - 30 * MINUTE, userId: "ada", reason: "lead" },
      { event: "message.received", at: NOW + MINUTE, userId: "ada", reason: "within" },
      { event: "message.received", at: NOW + MINUTE, userId: "bob", reason: "of_somebody_else" },
      { event: "incident.refused", at: NOW + 2 * MINUTE, userId: "bob", reason: "of_incidents" },
      { event: "message.received", at: NOW + 60 * MINUTE, userId: "ada", reason: "too_late" },
    ],
  );
});
afterAll(async () => {
  await db.$disconnect();
  await pool.end();
  await owner.end();
  await database.drop();
});

it("holds what concerns the subjects from an hour before to the end, in order, and no more", async () => {
  const deps = { db, pool, clock };
  const id = await openIncident(deps, BY, { title: "x", severity: "low", subjects: ["user:ada"] });
  clock.time += 90_000;
  await noteIncident(deps, BY, { id, text: "in between" });
  clock.time = NOW + 5 * MINUTE;
  await closeIncident(deps, BY, { id, conclusion: "over" });
  const { timeline, timelineCut } = await readIncident(deps, id);
  expect(timeline.map(({ text }) => text)).toEqual(["lead", "within", "in between", "of_incidents"]);
  expect(timelineCut).toBe(false);
});

it("without subjects holds what is not routine", async () => {
  const deps = { db, pool, clock };
  const id = await openIncident(deps, BY, { title: "y", severity: "low" });
  const { timeline } = await readIncident(deps, id);
  expect(timeline.map(({ text }) => text)).toEqual(["of_incidents"]);
});
