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
