"use client";

import { MinutesField } from "#components/alerts/minutes-field.tsx";
import { ChipsInput } from "#components/ui/chips-input.tsx";
import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";
import { Select } from "#components/ui/select.tsx";
import { EVENT_SUBJECTS, type EventSubject } from "#server/alerts/policy.ts";
import type { EventCondition } from "#server/alerts/schema.ts";
import { AUDIT_EVENTS } from "#server/audit/events.ts";
import { AUDIT_KINDS, OUTCOMES, SECURITY_KINDS, SEVERITIES } from "#server/audit/schema.ts";

interface EventFieldsProps {
  condition: EventCondition;
  onChange: (condition: EventCondition) => void;
  /** Which events alone: without their count and window. */
  matchOnly?: boolean;
}

const NAMES = Object.keys(AUDIT_EVENTS).filter((name) => !name.startsWith("alert."));
const KINDS = [...SECURITY_KINDS, ...AUDIT_KINDS];

const BY: Record<EventSubject, string> = {
  actor: "each caller",
  user: "each user",
  address: "each address",
  channel: "each channel",
  target: "each target",
  event: "each event",
};

export function EventFields({ condition, onChange, matchOnly = false }: EventFieldsProps) {
  const { match, by, count, windowMs } = condition;
  const change = (next: Partial<EventCondition["match"]>) => onChange({ ...condition, match: { ...match, ...next } });
  return (
    <>
      <Field label="Events" hint="Names, or beginnings such as backup.*; with kinds: either." optional>
        <ChipsInput value={match.events} suggestions={NAMES} max={50} onValueChange={(events) => change({ events })} />
      </Field>
      <Field label="Kinds" optional>
        <ChipsInput
          value={match.kinds}
          suggestions={KINDS}
          closed
          max={20}
          onValueChange={(names) => change({ kinds: KINDS.filter((kind) => names.includes(kind)) })}
        />
      </Field>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Severity">
          <Select
            value={match.severity ?? ""}
            onChange={(event) => change({ severity: SEVERITIES.find((one) => one === event.target.value) ?? null })}
          >
            <option value="">Any</option>
            {SEVERITIES.map((one) => (
              <option key={one} value={one}>{`${one} or graver`}</option>
            ))}
          </Select>
        </Field>
        <Field label="Outcome">
          <Select
            value={match.outcome ?? ""}
            onChange={(event) => change({ outcome: OUTCOMES.find((one) => one === event.target.value) ?? null })}
          >
            <option value="">Any</option>
            {OUTCOMES.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </Select>
        </Field>
        {!matchOnly && (
          <>
            <Field label="How many">
              <Input
                type="number"
                min={1}
                value={count}
                onChange={(event) =>
                  onChange({ ...condition, count: Math.max(1, Math.round(Number(event.target.value))) })
                }
              />
            </Field>
            <MinutesField
              label="Within"
              value={windowMs}
              min={1}
              onChange={(ms) => onChange({ ...condition, windowMs: ms })}
            />
            <Field label="Counted for">
              <Select
                value={by ?? ""}
                onChange={(event) =>
                  onChange({ ...condition, by: EVENT_SUBJECTS.find((one) => one === event.target.value) ?? null })
                }
              >
                <option value="">all together</option>
                {EVENT_SUBJECTS.map((one) => (
                  <option key={one} value={one}>
                    {BY[one]}
                  </option>
                ))}
              </Select>
            </Field>
          </>
        )}
      </div>
    </>
  );
}
