/** Whether one event is what a search looks for: the same answer as its SQL, for readers that see every row anyway. Pure. */
import type { ChainRow } from "#server/audit/chain.ts";
import { namesOf, type AuditSearch } from "#server/audit/filter.ts";
import { ACTOR_TYPES } from "#server/audit/schema.ts";

/** @throws AppError("INVALID_INPUT") when `event` names nothing. */
export function matcherOf(search: AuditSearch): (row: ChainRow) => boolean {
  const { actor, outcome, since, until } = search;
  const names: readonly string[] | undefined = namesOf(search);
  const byType = (ACTOR_TYPES as readonly (string | undefined)[]).includes(actor);
  const fits = (wanted: string | undefined, value: string | undefined): boolean =>
    wanted === undefined || wanted === value;
  return (row) =>
    (names === undefined || names.includes(row.event)) &&
    fits(outcome, row.outcome) &&
    fits(actor, byType ? row.actorType : row.actorId) &&
    fits(search.user, row.userId) &&
    fits(search.channel, row.channel) &&
    fits(search.target, row.target) &&
    fits(search.tokenId, row.tokenId) &&
    fits(search.address, row.address) &&
    fits(search.requestId, row.requestId) &&
    fits(search.correlationId, row.correlationId) &&
    fits(search.reason, row.reason) &&
    (since === undefined || Date.parse(row.at) >= since.getTime()) &&
    (until === undefined || Date.parse(row.at) < until.getTime());
}
