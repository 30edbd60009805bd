/**
 * Takes what is new in the record into `alert_match`. The cursor moves in the caller's transaction, so that nothing is skipped and nothing is
 * counted twice, whoever dies when.
 */
import type { PoolClient } from "pg";
import { eventNames, plainSubject, subjectOf, weightOf, type SeenEvent } from "#server/alerts/matching.ts";
import type { StoredRule } from "#server/alerts/evaluate/rows.ts";
import type { AnomalyCondition, EventMatch } from "#server/alerts/schema.ts";

/** Events looked at in one round. */
const MOST_EVENTS = 5_000;
export const ANOMALY_EVENTS = { began: "anomaly.detected", ended: "anomaly.ended" } as const;

/** A second in which a rule matched for a subject. */
export interface Touched {
  ruleId: string;
  subject: string;
  /** Milliseconds since 1970, whole seconds. */
  at: number;
}

export interface Ingested {
  /** Up to where the record was read. */
  seq: number;
  /** There is more than one round takes. */
  more: boolean;
  touched: Touched[];
  /** Rules that something has happened for, the end of an anomaly included. */
  rules: ReadonlySet<string>;
}

type Matched = Touched & { count: number; firstSeq: number; lastSeq: number };

type Watcher = { ruleId: string } & (
  | { kind: "event"; names: ReadonlySet<string>; match: EventMatch; subject: (event: SeenEvent) => string }
  | { kind: "anomaly"; condition: AnomalyCondition }
);

export async function ingest(client: PoolClient, after: number, rules: readonly StoredRule[]): Promise<Ingested> {
  const watchers = rules.flatMap(watcherOf);
  const names = new Set(
    watchers.flatMap((watcher) => (watcher.kind === "event" ? [...watcher.names] : Object.values(ANOMALY_EVENTS))),
  );
  const { rows: heads } = await client.query<{ seq: number }>("SELECT coalesce(max(seq), 0) AS seq FROM audit_event");
  const head = heads[0]?.seq ?? 0;
  if (head <= after) {
    // Behind it stands a record that begins anew: it is followed from its end.
    return { seq: head, more: false, touched: [], rules: new Set() };
  }
  const events = await readEvents(client, after, head, [...names]);
  const more = events.length === MOST_EVENTS;
  const matched = new Map<string, Matched>();
  const ended: { ruleId: string; subject: string }[] = [];
  for (const event of events) {
    for (const watcher of watchers) {
      const subject = subjectSeen(watcher, event);
      if (subject !== null && event.event === ANOMALY_EVENTS.ended) {
        matched.forEach(
          (match, key) => match.ruleId === watcher.ruleId && match.subject === subject && matched.delete(key),
        );
        ended.push({ ruleId: watcher.ruleId, subject });
      } else if (subject !== null) {
        add(matched, watcher.ruleId, subject, event);
      }
    }
  }
  await forget(client, ended);
  await store(client, [...matched.values()]);
  const touched = [...matched.values()];
  return {
    seq: more ? (events.at(-1)?.seq ?? head) : head,
    more,
    touched,
    rules: new Set([...touched, ...ended].map(({ ruleId }) => ruleId)),
  };
}

function watcherOf({ id, condition, paused }: StoredRule): Watcher[] {
  if (condition === null || paused) {
    return [];
  }
  if (condition.type === "anomaly") {
    return [{ ruleId: id, kind: "anomaly", condition }];
  }
  if (condition.type === "event") {
    const { match, by } = condition;
    return [{ ruleId: id, kind: "event", names: new Set(eventNames(match)), match, subject: (e) => subjectOf(e, by) }];
  }
  if (condition.type === "absence" && condition.of.kind === "event") {
    const { match } = condition.of;
    return [{ ruleId: id, kind: "event", names: new Set(eventNames(match)), match, subject: () => "" }];
  }
  return [];
}

/** Null = the event is none of this rule's. */
function subjectSeen(watcher: Watcher, event: SeenEvent): string | null {
  if (watcher.kind === "event") {
    const { outcome } = watcher.match;
    return watcher.names.has(event.event) && (outcome === null || outcome === event.outcome)
      ? watcher.subject(event)
      : null;
  }
  return anomalySubject(watcher.condition, event);
}

/** An anomaly is about `<metric>/<subject>`. Null = none, or one of too low a score. */
export function anomalySubject({ metric, minScore }: AnomalyCondition, event: SeenEvent): string | null {
  const { began, ended } = ANOMALY_EVENTS;
  if (event.event !== began && event.event !== ended) {
    return null;
  }
  const isAsked = metric === null || event.data["metric"] === metric;
  const isHigh = event.event === ended || Number(event.data["score"] ?? 1) >= minScore;
  return isAsked && isHigh ? plainSubject(event.target ?? "") : null;
}

function add(matched: Map<string, Matched>, ruleId: string, subject: string, event: SeenEvent): void {
  const at = Math.floor(event.at / 1000) * 1000;
  const key = `${ruleId}\n${at}\n${subject}`;
  const found = matched.get(key);
  if (found === undefined) {
    matched.set(key, { ruleId, subject, at, count: weightOf(event), firstSeq: event.seq, lastSeq: event.seq });
  } else {
    found.count += weightOf(event);
    found.lastSeq = event.seq;
  }
}

export const EVENT_COLUMNS = `seq, (extract(epoch FROM at) * 1000)::float8 AS at, event, outcome, actor_type AS "actorType",
  actor_id AS "actorId", user_id AS "userId", address, channel, target, data`;

async function readEvents(client: PoolClient, after: number, head: number, names: string[]): Promise<SeenEvent[]> {
  const { rows } = await client.query<SeenEvent>(
    `SELECT ${EVENT_COLUMNS} FROM audit_event WHERE seq > $1 AND seq <= $2 AND event = ANY($3) ORDER BY seq LIMIT ${MOST_EVENTS}`,
    [after, head, names],
  );
  return rows;
}

async function store(client: PoolClient, matches: readonly Matched[]): Promise<void> {
  if (matches.length > 0) {
    await client.query(
      `INSERT INTO alert_match AS m (rule_id, subject, at, count, first_seq, last_seq)
       SELECT rule, subject, to_timestamp(at / 1000), count, first, last
         FROM unnest($1::text[], $2::text[], $3::float8[], $4::bigint[], $5::bigint[], $6::bigint[]) AS x(rule, subject, at, count, first, last)
       ON CONFLICT (rule_id, subject, at) DO UPDATE SET count = m.count + excluded.count, last_seq = excluded.last_seq`,
      [
        matches.map(({ ruleId }) => ruleId),
        matches.map(({ subject }) => subject),
        matches.map(({ at }) => at),
        matches.map(({ count }) => count),
        matches.map(({ firstSeq }) => firstSeq),
        matches.map(({ lastSeq }) => lastSeq),
      ],
    );
  }
}

async function forget(client: PoolClient, ended: readonly { ruleId: string; subject: string }[]): Promise<void> {
  if (ended.length > 0) {
    await client.query(
      "DELETE FROM alert_match WHERE (rule_id, subject) IN (SELECT * FROM unnest($1::text[], $2::text[]))",
      [ended.map(({ ruleId }) => ruleId), ended.map(({ subject }) => subject)],
    );
  }
}
