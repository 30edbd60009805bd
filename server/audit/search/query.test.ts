import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AuditFilter } from "#server/audit/filter.ts";
import { readQuery } from "#server/audit/search/query.ts";
import { formatTerms, parseTerms, QUALIFIERS, type Qualifier } from "#server/audit/search/terms.ts";

const NOW = Date.UTC(2026, 10, 25, 12);
const read = (text: string) => {
  const { search, problems } = readQuery(text, NOW);
  return problems.length === 0 ? search : problems.map(({ message }) => message);
};
const day = (date: string) => new Date(`${date}T00:00:00Z`);

describe("AUD-6 the language of searches", () => {
  test.each([
    ["", {}],
    ["event:token.*", { event: "token." }],
    ["event:authentication_failure", { event: "authentication_failure" }],
    ["user:user123 outcome:denied", { user: "user123", outcome: "denied" }],
    ["severity:warn kind:sandbox_escape", { level: "warn", kind: "sandbox_escape" }],
    ["level:ERROR", { level: "error" }],
    ["ip:2001:db8::1", { address: "2001:db8::1" }],
    ['user:"ana b" channel:slack', { user: "ana b", channel: "slack" }],
    ['reason:"say \\"no\\" \\\\"', { reason: 'say "no" \\' }],
    ["token:abc run:run_1 request:req_1", { tokenId: "abc", target: "run_1", requestId: "req_1" }],
    ["correlation:req_1 actor:member", { correlationId: "req_1", actor: "member" }],
    ["since:1h", { since: new Date(NOW - 3_600_000) }],
    ["created:2026-11-01", { since: day("2026-11-01"), until: day("2026-11-02") }],
    ["created:>2026-11-01", { since: day("2026-11-02") }],
    ["created:>=2026-11-01", { since: day("2026-11-01") }],
    ["created:<2026-11-01", { until: day("2026-11-01") }],
    ["created:<=2026-11-01", { until: day("2026-11-02") }],
    ["created:2026-11-01..2026-11-03", { since: day("2026-11-01"), until: day("2026-11-04") }],
    ["created:2026-11-01..*", { since: day("2026-11-01") }],
    ["created:>=2026-11-01T08:30Z", { since: new Date("2026-11-01T08:30:00Z") }],
    ["created:>=2026-11-01T08:30", { since: new Date("2026-11-01T08:30:00Z") }],
    ["created:>2026-11-01 since:1h", { since: new Date(NOW - 3_600_000) }],
    ["created:>=2026-11-01 created:<2026-11-02", { since: day("2026-11-01"), until: day("2026-11-02") }],
  ])("%s", (text, search) => {
    expect(read(text)).toEqual(search);
  });

  test.each([
    ["usr:ana", "There is no qualifier “usr:”.", ["user:ana"]],
    ["nonsense:1", "There is no qualifier “nonsense:”.", []],
    ["user123", "“user123” has no qualifier. Say what it is:", ["user:user123", "actor:user123", "target:user123"]],
    ["req_1", "“req_1” has no qualifier. Say what it is:", ["request:req_1"]],
    ["203.0.113.9", "“203.0.113.9” has no qualifier. Say what it is:", ["address:203.0.113.9"]],
    ["-user:ana", "“-user:” cannot be left out of a search. Ask for what you want to see instead.", []],
    ["user:", "“user:” needs a value. End user on whose account it went.", []],
    ["outcome:denid", "“denid” is no outcome.", ["outcome:denied"]],
    [
      "severity:loud",
      "“loud” is no severity.",
      ["severity:info", "severity:warn", "severity:error", "severity:critical"],
    ],
    ["event:tokn.created", "No event or kind begins with “tokn.created”.", ["event:token.created"]],
    ["event:*", "“event:” needs the beginning of a name.", expect.anything()],
    ["user:a user:b", "“user:” is asked for twice. Nothing can be both: leave one out.", []],
    ["run:a target:b", "“target:” is asked for twice. Nothing can be both: leave one out.", []],
    ["outcome:ok outcome:denied", "This is asked for twice. Nothing can be both: leave one out.", []],
    ["created:yesterday", expect.stringMatching(/^“yesterday” is no time/), []],
    ["created:2026-02-30", expect.stringMatching(/is no time/), []],
    ["created:>2026-11-01..2026-11-02", expect.stringMatching(/is no time/), []],
    ["since:0h", expect.stringMatching(/is no time/), []],
    ["since:1y", expect.stringMatching(/is no time/), []],
    ["created:<2026-11-01 created:>2026-11-02", "The times leave nothing between them.", []],
    ['user:"ana', "The quote after “user:” is not closed.", ["user:ana"]],
    [`user:${"x".repeat(201)}`, expect.stringMatching(/longer than 200/), []],
    ["user:a\0b", expect.stringMatching(/NUL/), []],
    [`user:a ${"x".repeat(1000)}`, expect.stringMatching(/longer than 1000/), []],
  ])("%s says what is wrong and what could stand there", (text: string, message: unknown, instead: unknown) => {
    expect(readQuery(text, NOW).problems).toMatchObject([{ message, instead }]);
  });

  test("a problem stands where it was typed, and what is well-formed is still asked for", () => {
    const { search, problems } = readQuery("user:ana usr:bob outcome:denied", NOW);
    expect(problems).toMatchObject([{ start: 9, end: 16 }]);
    expect(search).toEqual({ user: "ana", outcome: "denied" });
  });

  const qualifier = fc.constantFrom(...(Object.keys(QUALIFIERS) as Qualifier[]));
  const value = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }).filter((text) => text.trim() !== "");

  test("what is written from terms is read back as the same terms", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ qualifier, value }), { maxLength: 6 }), (terms) => {
        const { terms: found, problems } = parseTerms(formatTerms(terms));
        expect(problems).toEqual([]);
        expect(found.map(({ qualifier: name, value: text }) => ({ qualifier: name, value: text }))).toEqual(terms);
      }),
    );
  });

  test("no text makes it throw, and what it takes from any text is what a filter may hold", () => {
    const piece = fc.oneof(
      fc.string({ unit: "binary", maxLength: 20 }),
      fc.tuple(qualifier, value).map(([name, text]) => `${name}:${text}`),
      fc.constantFrom(
        '"',
        "\\",
        ":",
        "..",
        ">",
        "-",
        "event:",
        "created:",
        "' OR 1=1 --",
        "since:9999999d",
        "$1",
        "\0",
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join(" ");
        const { search, problems, terms } = readQuery(text, NOW);
        expect(AuditFilter.safeParse(search).success).toBe(true);
        for (const { start, end, instead } of problems) {
          expect(start >= 0 && start <= end && end <= text.length).toBe(true);
          instead.forEach((other) => expect(() => readQuery(other, NOW)).not.toThrow());
        }
        for (const { start, end } of terms) {
          expect(parseTerms(text.slice(start, end)).terms).toHaveLength(1);
        }
      }),
      { numRuns: 150 },
    );
  });

  test("two times at the ends of time are still times", () => {
    expect(AuditFilter.safeParse(readQuery("created:0001-01-01..9999-12-31", NOW).search).success).toBe(true);
  });
});
