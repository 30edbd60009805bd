/**
 * Counts sealed events into the buckets of their minute, hour and day, in the sealer's own transaction: an event is in the numbers exactly when it
 * is in the record, whenever it happened and whatever crashes. There is no roll-up that could be late, run twice or miss what came afterwards.
 */
import type { ClientBase } from "pg";
import { incrementsOf, type MeasuredEvent } from "#server/metrics/recorded/from-events.ts";
import { createSubjectRoom, type Slot } from "#server/metrics/recorded/subject-room.ts";
import { addToBuckets } from "#server/metrics/store-buckets.ts";

export interface EventMeter {
  /** To be called in the transaction that stores `events`. After one that failed the meter is of no use any more. */
  count(client: ClientBase, events: Iterable<MeasuredEvent>): Promise<void>;
}

// Only subjects of events compete for room; those of processes are few.
const TAKEN_SQL = `
SELECT slot.seconds, (extract(epoch FROM slot.at) * 1000)::bigint AS "atMs",
  array(SELECT metric || chr(10) || subject FROM metric_bucket AS b WHERE b.seconds = slot.seconds AND b.at = slot.at AND subject <> '') AS taken
FROM unnest($1::int[], $2::timestamptz[]) AS slot(seconds, at)`;

/** For one connection of a sealer. */
export function createEventMeter(): EventMeter {
  const room = createSubjectRoom();

  async function learn(client: ClientBase, slots: readonly Slot[]): Promise<void> {
    const { rows } = await client.query<Slot & { taken: string[] }>({
      name: "metrics-taken",
      text: TAKEN_SQL,
      values: [slots.map(({ seconds }) => seconds), slots.map(({ atMs }) => new Date(atMs))],
    });
    for (const { taken, ...slot } of rows) {
      room.learn(slot, taken);
    }
  }

  return {
    async count(client, events) {
      const increments = incrementsOf(events);
      const unknown = room.unknown(increments);
      if (unknown.length > 0) {
        await learn(client, unknown);
      }
      await addToBuckets(client, room.place(increments));
    },
  };
}
