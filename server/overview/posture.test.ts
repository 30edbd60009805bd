import { describe, expect, test } from "vitest";
import { dueItems, type MaintenanceFacts, type MaintenanceIntervals } from "#server/maintenance/policy.ts";
import { MAINTENANCE_ITEMS } from "#server/maintenance/schema.ts";
import type { PostureFacts } from "#server/overview/judged.ts";
import { posture } from "#server/overview/posture.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
const daysAgo = (days: number) => new Date(NOW.getTime() - days * 86_400_000);

const INTERVALS = Object.fromEntries(MAINTENANCE_ITEMS.map((item) => [item, 30 * 86_400_000])) as MaintenanceIntervals;
/** Everything done two days ago, but for what is named. */
const upkeep = (last: Partial<MaintenanceFacts["last"]>) => {
  const recent = Object.fromEntries(MAINTENANCE_ITEMS.map((item) => [item, daysAgo(2)])) as MaintenanceFacts["last"];
  return dueItems({ last: { ...recent, ...last }, since: daysAgo(60) }, INTERVALS, NOW);
};

const RUNNING: NonNullable<PostureFacts["running"]> = {
  tokens: { live: 2, wide: 1, endless: 0, oldest: { id: "tok_1", days: 3 } },
  members: { enabled: 2, withoutFactor: [] },
  roles: ["admin", "user"],
  accessFindings: [],
  engine: { state: "ready", problem: null },
  audit: { sealedTo: 12, waiting: 0 },
  upkeep: upkeep({}),
  keys: { dueSoon: [], overdue: [], watched: true },
};
const GOOD: PostureFacts = {
  at: NOW,
  file: "/h/openclaw.json5",
  sharedToken: undefined,
  bind: { value: "127.0.0.1", line: null, loopback: true },
  tls: { own: false, byProxy: false, validUntil: null },
  authorization: { value: true, line: null },
  sandboxing: { value: true, line: null },
  auditing: { value: true, line: null },
  backups: {
    last: daysAgo(1),
    verified: { at: daysAgo(1), ok: true },
    intervalMs: 86_400_000,
    verifyEveryMs: 30 * 86_400_000,
  },
  openFiles: [],
  running: RUNNING,
};
const line = (id: string, facts: PostureFacts) => posture(facts).lines.find((one) => one.id === id);
const running = (changes: Partial<NonNullable<PostureFacts["running"]>>): PostureFacts => ({
  ...GOOD,
  running: { ...RUNNING, ...changes },
});
const outside = { value: "0.0.0.0", line: 12, loopback: false };

test("OPS-1 everything in order: every line of the guide is done, and the score says so", () => {
  const { lines, score, explanation } = posture(GOOD);
  expect(lines.filter(({ part }) => part === "setup").map(({ label }) => label)).toEqual([
    "Change default tokens and passwords",
    "Configure secure network binding",
    "Set up proper authentication",
    "Implement role-based access control",
    "Enable sandboxing",
    "Configure audit logging",
  ]);
  expect(lines.map(({ state }) => state)).toEqual(lines.map(() => "done"));
  expect(score).toBe(100);
  expect(explanation).toContain("13 done");
});

test("OPS-1 whatever is not done says what is so and one way to fix it", () => {
  const bad: PostureFacts = {
    ...running({ members: { enabled: 1, withoutFactor: ["ana@example.com"] } }),
    bind: outside,
    auditing: { value: false, line: 4 },
  };
  for (const one of posture(bad).lines.filter(({ state }) => state !== "done")) {
    expect(one.evidence, one.id).not.toBe("");
    expect(one.fix?.command ?? one.fix?.href, one.id).toBeTruthy();
  }
  expect(posture(bad).score).toBe(77);
});

describe("OPS-1 each line follows from facts", () => {
  test.each([
    [
      "default_secrets",
      { ...GOOD, sharedToken: { weak: "is a placeholder from an example", kept: "plain", line: 3 } },
      "risk",
    ],
    ["default_secrets", { ...GOOD, sharedToken: { weak: null, kept: "plain", line: 3 } }, "todo"],
    ["default_secrets", { ...GOOD, sharedToken: { weak: null, kept: "reference", line: 3 } }, "done"],
    ["network", { ...GOOD, bind: outside }, "risk"],
    ["network", { ...GOOD, bind: outside, tls: { own: false, byProxy: true, validUntil: null } }, "todo"],
    ["network", { ...GOOD, bind: outside, tls: { own: true, byProxy: false, validUntil: daysAgo(-60) } }, "done"],
    ["network", { ...GOOD, tls: { own: true, byProxy: false, validUntil: daysAgo(-5) } }, "todo"],
    ["network", { ...GOOD, tls: { own: true, byProxy: false, validUntil: daysAgo(5) } }, "risk"],
    ["authentication", running({ members: { enabled: 0, withoutFactor: [] } }), "todo"],
    ["authentication", running({ members: { enabled: 1, withoutFactor: ["ana"] } }), "risk"],
    ["authentication", running({ tokens: { live: 0, wide: 0, endless: 0, oldest: null } }), "todo"],
    ["roles", { ...GOOD, authorization: { value: false, line: 5 } }, "risk"],
    ["roles", running({ tokens: { ...RUNNING.tokens, wide: 2 } }), "todo"],
    ["sandbox", { ...GOOD, sandboxing: { value: false, line: 6 } }, "todo"],
    ["sandbox", running({ engine: { state: "unreachable", problem: "Start Docker." } }), "todo"],
    ["audit", { ...GOOD, auditing: { value: false, line: 7 } }, "risk"],
    ["audit", running({ audit: { sealedTo: 5, waiting: 5_000 } }), "risk"],
    ["token_rotation", running({ upkeep: upkeep({ token_rotation: daysAgo(91) }) }), "todo"],
    ["key_rotation", running({ keys: { dueSoon: [], overdue: ["provider:openai"], watched: true } }), "todo"],
    ["key_rotation", running({ keys: { dueSoon: ["provider:openai"], overdue: [], watched: true } }), "todo"],
    ["key_rotation", running({ keys: { dueSoon: [], overdue: [], watched: false } }), "todo"],
    ["security_updates", running({ upkeep: upkeep({ vulnerability_check: daysAgo(31) }) }), "todo"],
    ["security_updates", running({ upkeep: upkeep({ vulnerability_check: null }) }), "todo"],
    ["security_scans", running({ upkeep: upkeep({ security_scan: daysAgo(31) }) }), "todo"],
    ["permissions", running({ upkeep: upkeep({ permission_audit: daysAgo(31) }) }), "todo"],
    ["token_rotation", running({ tokens: { ...RUNNING.tokens, endless: 1 } }), "todo"],
    ["permissions", { ...GOOD, openFiles: ["/h/keys"] }, "risk"],
    ["permissions", running({ accessFindings: ["role x: no user has it"] }), "todo"],
    ["log_review", running({ upkeep: upkeep({ log_review: null }) }), "todo"],
    ["log_review", running({ upkeep: upkeep({ log_review: daysAgo(31) }) }), "todo"],
    ["backups", { ...GOOD, backups: { ...GOOD.backups, verified: { at: daysAgo(1), ok: false } } }, "risk"],
    ["backups", { ...GOOD, backups: { ...GOOD.backups, last: null } }, "todo"],
    ["backups", { ...GOOD, backups: { ...GOOD.backups, last: daysAgo(4) } }, "risk"],
    ["backups", { ...GOOD, backups: { ...GOOD.backups, verified: { at: daysAgo(40), ok: true } } }, "todo"],
  ] as [string, PostureFacts, string][])("%s, case %#: %s", (id, facts, state) => {
    expect(line(id, facts)?.state).toBe(state);
  });
});

test("the evidence names the file and the line", () => {
  expect(line("network", { ...GOOD, bind: outside })?.evidence).toContain(
    "gateway.bind = 0.0.0.0, in /h/openclaw.json5:12",
  );
});

test("while the gateway does not run, what only it knows is not known, and does not count", () => {
  const { lines, score } = posture({ ...GOOD, running: null });
  expect(lines.filter(({ state }) => state === "unknown").map(({ id }) => id)).toEqual([
    "authentication",
    "roles",
    "sandbox",
    "audit",
    "security_updates",
    "token_rotation",
    "key_rotation",
    "permissions",
    "log_review",
    "security_scans",
  ]);
  expect(score).toBe(100);
});

test("OPS-2 each part of the upkeep has a due date; what was never done is due one interval after the beginning", () => {
  const { lines } = posture(running({ upkeep: upkeep({ security_scan: null, token_rotation: undefined }) }));
  const due = new Map(lines.filter(({ part }) => part === "maintenance").map(({ id, dueAt }) => [id, dueAt]));
  expect(due.get("log_review")).toEqual(daysAgo(-28));
  expect(due.get("security_scans")).toEqual(daysAgo(30));
  expect(due.get("token_rotation")).toBeNull();
});
