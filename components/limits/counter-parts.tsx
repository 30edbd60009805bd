import { formatAge } from "#components/shared/format.ts";
import { Meter } from "#components/ui/meter.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import type { LimitCounterView } from "#server/limits/schema.ts";

const NEAR = 0.8;

const SCOPES: Readonly<Record<LimitCounterView["scope"], string>> = {
  global: "Everybody",
  user: "User",
  channel: "Channel",
  role: "Role",
  command: "Command",
  restriction: "User’s own",
};

export const scopeText = (scope: LimitCounterView["scope"]): string => SCOPES[scope];

/** Whom a limit counts: "ana", or "ana, /ask". */
export function subjectText({
  scope,
  subject,
  source,
}: Pick<LimitCounterView, "scope" | "subject" | "source">): string {
  const name = source.slice(source.lastIndexOf(".") + 1);
  if (scope === "command") {
    return `${subject}, /${name}`;
  }
  if (scope === "role") {
    return `${subject}, as ${name}`;
  }
  return subject === "" ? "all messages" : subject;
}

export function UsedMeter({ counter }: { counter: LimitCounterView }) {
  const { used, max } = counter;
  return (
    <Meter
      label={`Used by ${subjectText(counter)}`}
      value={used}
      max={max}
      text={`${used} of ${max}`}
      warnFrom={NEAR}
    />
  );
}

export function CounterState({ counter: { used, max, remaining, retryAfterMs } }: { counter: LimitCounterView }) {
  if (remaining === 0) {
    return <StatusBadge status="denied">{`Refused for ${formatAge(Math.max(1000, retryAfterMs))}`}</StatusBadge>;
  }
  return used / max >= NEAR ? (
    <StatusBadge status="warning">Near the limit</StatusBadge>
  ) : (
    <StatusBadge status="ok">Free</StatusBadge>
  );
}

/** `15 min`, `1 h`; odd lengths in seconds. */
export function windowText(ms: number): string {
  const units = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "min"],
  ] as const;
  const unit = units.find(([length]) => ms % length === 0);
  return unit === undefined ? `${ms / 1000} s` : `${ms / unit[0]} ${unit[1]}`;
}

export function skipText({ skipSuccessful, skipFailed }: { skipSuccessful: boolean; skipFailed: boolean }): string {
  if (skipSuccessful && skipFailed) {
    return "gives back all requests";
  }
  return skipSuccessful ? "only failures count" : skipFailed ? "only successes count" : "all requests count";
}
