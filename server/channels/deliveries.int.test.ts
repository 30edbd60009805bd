/** The delivery log: what is taken up again by hand, and what is forgotten after a while. On a real database, with the web process's rights. */
import type { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RECORDED } from "../../tests/support/audit.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import { retryDelivery } from "#server/channels/deliveries.ts";
import { forgetOldDeliveries } from "#server/channels/worker/retention.ts";
import { createDb, type Db } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";

const ANA = { type: "member", id: "mem_ana" } as const;
let database: TestDatabase;
let pool: Pool;
let owner: Pool;
let db: Db;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.appUrl, name: "test", max: 4 });
  owner = createPool({ connectionString: database.ownerUrl, name: "owner", max: 1 });
  db = createDb(pool);
});
afterAll(async () => {
  await Promise.all([pool.end(), owner.end()]);
});

async function delivery(id: string, state: string, days = 0): Promise<void> {
  await pool.query(
    `INSERT INTO channel_delivery (id, channel, event_id, kind, sender_id, conversation_id, event, state, reason, request_id, attempt, accepted_at)
     VALUES ($1, 'tg', $1, 'message', '1', '1', '\\x00', $2, 'provider_error', 'req_1', 3, now() - $3::int * interval '1 day')`,
    [id, state, days],
  );
}
const reply = (deliveryId: string, part: number, state: string): Promise<unknown> =>
  pool.query(
    `INSERT INTO channel_reply (id, delivery_id, channel, part, body, state, attempts, reason)
     VALUES ($1, $2, 'tg', $3, '\\x00', $4, 5, 'platform_error')`,
    [`${deliveryId}-${part}`, deliveryId, part, state],
  );
const stateOf = async (id: string) =>
  (await pool.query("SELECT state, reason, attempt FROM channel_delivery WHERE id = $1", [id])).rows[0] as unknown;
const repliesOf = async (id: string) =>
  (
    await pool.query<object>("SELECT part, state, attempts FROM channel_reply WHERE delivery_id = $1 ORDER BY part", [
      id,
    ])
  ).rows;
const recorded = async (id: string) =>
  (await owner.query<object>(`SELECT event, actor_id, data FROM ${RECORDED} AS record WHERE target = $1`, [id])).rows;

test("a failed delivery without a reply is worked on from its beginning, on record", async () => {
  await delivery("del_start", "failed");
  await retryDelivery(db, ANA, "del_start");
  expect(await stateOf("del_start")).toEqual({ state: "accepted", reason: null, attempt: 0 });
  expect(await recorded("del_start")).toMatchObject([
    { event: "channel.delivery_retried", actor_id: "mem_ana", data: { from: "start" } },
  ]);
});

test("of one with replies the failed ones are sent again, and no other", async () => {
  await delivery("del_replies", "failed");
  await reply("del_replies", 1, "sent");
  await reply("del_replies", 2, "failed");
  await retryDelivery(db, ANA, "del_replies");
  expect(await stateOf("del_replies")).toMatchObject({ state: "replying" });
  expect(await repliesOf("del_replies")).toEqual([
    { part: 1, state: "sent", attempts: 5 },
    { part: 2, state: "pending", attempts: 0 },
  ]);
  expect(await recorded("del_replies")).toMatchObject([{ data: { from: "replies" } }]);
});

test.each(["accepted", "working", "answered", "refused"])("one that is %s is left alone", async (state) => {
  await delivery(`del_${state}`, state);
  await expect(retryDelivery(db, ANA, `del_${state}`)).rejects.toMatchObject({ code: "CONFLICT" });
  expect(await stateOf(`del_${state}`)).toMatchObject({ state });
  expect(await recorded(`del_${state}`)).toEqual([]);
});

test("one that is not there is not found", async () => {
  await expect(retryDelivery(db, ANA, "del_none")).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("what ended more than 30 days ago is forgotten with its replies; what is younger or not over stays", async () => {
  await delivery("old_answered", "answered", 31);
  await reply("old_answered", 1, "sent");
  await delivery("old_failed", "failed", 31);
  await delivery("old_open", "replying", 31);
  await delivery("young", "answered", 29);
  expect(await forgetOldDeliveries(pool, () => false)).toBe(2);
  expect(await stateOf("old_answered")).toBeUndefined();
  expect(await repliesOf("old_answered")).toEqual([]);
  expect(await stateOf("old_failed")).toBeUndefined();
  expect(await stateOf("old_open")).toMatchObject({ state: "replying" });
  expect(await stateOf("young")).toMatchObject({ state: "answered" });
});
