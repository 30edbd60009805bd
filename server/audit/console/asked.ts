/** From what the console asks to a search of the record. Pure. */
import type { AuditSearch } from "#server/audit/filter.ts";
import type { Question } from "#server/audit/console/schema.ts";
import { readQuery } from "#server/audit/search/query.ts";
import { intersect, type Span } from "#server/audit/search/times.ts";
import { AppError } from "#server/core/errors.ts";

/** @throws AppError("INVALID_INPUT") naming what in the text is wrong and what could stand there. */
export function searchOf({ q, from, to }: Question, nowMs: number): AuditSearch {
  const { search, problems } = readQuery(q, nowMs);
  const [first] = problems;
  if (first !== undefined) {
    const instead = first.instead.length === 0 ? "" : ` Try ${first.instead.join(" or ")}.`;
    throw new AppError("INVALID_INPUT", `${first.message}${instead}`, { details: { field: "q", problems } });
  }
  const span = intersect(spanOf(search), {
    ...(from === undefined ? {} : { sinceMs: Date.parse(from) }),
    ...(to === undefined ? {} : { untilMs: Date.parse(to) }),
  });
  if ((span.sinceMs ?? -Infinity) >= (span.untilMs ?? Infinity)) {
    throw new AppError("INVALID_INPUT", "The range of time is empty: its end has to be after its beginning.", {
      details: { field: "to" },
    });
  }
  const { since: _since, until: _until, ...rest } = search;
  return {
    ...rest,
    ...(span.sinceMs === undefined ? {} : { since: new Date(span.sinceMs) }),
    ...(span.untilMs === undefined ? {} : { until: new Date(span.untilMs) }),
  };
}

const spanOf = ({ since, until }: AuditSearch): Span => ({
  ...(since === undefined ? {} : { sinceMs: since.getTime() }),
  ...(until === undefined ? {} : { untilMs: until.getTime() }),
});
