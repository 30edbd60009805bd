/** Which limits apply to a request. Pure: configuration and the request's facts in, rules out. */
import type { LimitRule } from "#server/ratelimit/schema.ts";

/** One limit as the configuration holds it. */
interface LimitSetting {
  windowMs: number;
  maxRequests: number;
  skipSuccessfulRequests?: boolean | undefined;
  skipFailedRequests?: boolean | undefined;
}

export interface LimitSettings {
  enabled: boolean;
  global?: LimitSetting | undefined;
  perUser?: LimitSetting | undefined;
  perChannel?: LimitSetting | undefined;
  roleLimits?: Record<string, LimitSetting> | undefined;
  commandLimits?: Record<string, LimitSetting> | undefined;
}

export interface LimitFacts {
  /** The end user, or the credential when it acts for itself. */
  subject: string;
  role: string;
  channel: string;
  command: string;
  /** The user's own restriction and where it stands. */
  restriction: { maxMessages: number; timeWindowMs: number; source: string } | null;
}

const BASE = "security.rateLimit";

/** All rules that apply together; a request passes only when each has a place left. */
export function rulesFor(settings: LimitSettings, facts: LimitFacts): LimitRule[] {
  const rules: LimitRule[] = [];
  const add = (source: string, key: string, setting: LimitSetting | undefined): void => {
    if (setting !== undefined) {
      rules.push({
        source,
        key,
        windowMs: setting.windowMs,
        max: setting.maxRequests,
        skipSuccessful: setting.skipSuccessfulRequests ?? false,
        skipFailed: setting.skipFailedRequests ?? false,
      });
    }
  };
  if (settings.enabled) {
    add(`${BASE}.global`, "global", settings.global);
    add(`${BASE}.perUser`, `user:${facts.subject}`, settings.perUser);
    add(`${BASE}.perChannel`, `channel:${facts.channel}`, settings.perChannel);
    add(
      `${BASE}.roleLimits.${facts.role}`,
      `role:${facts.role}:${facts.subject}`,
      ownEntry(settings.roleLimits, facts.role),
    );
    add(
      `${BASE}.commandLimits.${facts.command}`,
      `command:${facts.command}:${facts.subject}`,
      ownEntry(settings.commandLimits, facts.command),
    );
  }
  if (facts.restriction !== null) {
    const { maxMessages, timeWindowMs, source } = facts.restriction;
    add(source, `restriction:${facts.subject}`, { windowMs: timeWindowMs, maxRequests: maxMessages });
  }
  return rules;
}

/** Own properties only: a command called `constructor` must not find Object's. */
function ownEntry(table: Record<string, LimitSetting> | undefined, name: string): LimitSetting | undefined {
  return table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
}

/** What a count is about. */
export const LIMIT_SCOPES = ["global", "user", "channel", "role", "command", "restriction"] as const;
export type LimitScope = (typeof LIMIT_SCOPES)[number];

/** The parts of a count's name: which sort of limit, and whom it counts (empty for the one that counts everybody). */
export function partsOf({ source, key }: { source: string; key: string }): { scope: LimitScope; subject: string } {
  const scope = LIMIT_SCOPES.find((name) => key === name || key.startsWith(`${name}:`)) ?? "global";
  const rest = key.slice(scope.length + 1);
  // A role's or command's own name stands before the subject; its rule says how long it is.
  const named = scope === "role" || scope === "command" ? source.slice(`${BASE}.${scope}Limits.`.length) : "";
  return { scope, subject: named === "" ? rest : rest.slice(named.length + 1) };
}

interface ConfiguredLimit {
  source: string;
  windowMs: number;
  max: number;
  skipSuccessful: boolean;
  skipFailed: boolean;
}

/** Every limit of the configuration, whomever it is for; in the order in which they are named to callers. */
export function configuredLimits(settings: LimitSettings): ConfiguredLimit[] {
  const tables = [
    ["roleLimits", settings.roleLimits],
    ["commandLimits", settings.commandLimits],
  ] as const;
  const written: [string, LimitSetting | undefined][] = [
    ["global", settings.global],
    ["perUser", settings.perUser],
    ["perChannel", settings.perChannel],
    ...tables.flatMap(([table, entries]) =>
      Object.entries(entries ?? {}).map(([name, limit]): [string, LimitSetting] => [`${table}.${name}`, limit]),
    ),
  ];
  return written.flatMap(([name, limit]) =>
    limit === undefined
      ? []
      : [
          {
            source: `${BASE}.${name}`,
            windowMs: limit.windowMs,
            max: limit.maxRequests,
            skipSuccessful: limit.skipSuccessfulRequests ?? false,
            skipFailed: limit.skipFailedRequests ?? false,
          },
        ],
  );
}

/** Of the rules of one request, the one it meets first: the full one that lasts longest, else the one with the fewest places left. */
export function firstToRefuse<State extends { remaining: number; retryAfterMs: number }>(
  states: readonly State[],
): State | undefined {
  const [first, ...others] = states;
  return others.reduce((nearest, state) => {
    const fewer = state.remaining < (nearest?.remaining ?? 0);
    const longer = state.remaining === nearest?.remaining && state.retryAfterMs > nearest.retryAfterMs;
    return fewer || longer ? state : nearest;
  }, first);
}
