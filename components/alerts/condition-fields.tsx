"use client";

import { EventFields } from "#components/alerts/event-fields.tsx";
import { MinutesField } from "#components/alerts/minutes-field.tsx";
import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";
import { Select } from "#components/ui/select.tsx";
import { AGGREGATES, COMPARISONS, type Comparison } from "#server/alerts/policy.ts";
import type { AbsenceCondition, AnomalyCondition, Condition, MetricCondition } from "#server/alerts/schema.ts";
import { METRICS } from "#server/metrics/schema.ts";

interface FieldsProps<Shown extends Condition> {
  condition: Shown;
  onChange: (condition: Shown) => void;
}

const COMPARED: Record<Comparison, string> = {
  above: "above",
  at_least: "at least",
  below: "below",
  at_most: "at most",
};

/** What a rule looks at; each kind of condition has fields of its own. */
export function ConditionFields({ condition, onChange }: FieldsProps<Condition>) {
  switch (condition.type) {
    case "metric":
      return <MetricFields condition={condition} onChange={onChange} />;
    case "anomaly":
      return <AnomalyFields condition={condition} onChange={onChange} />;
    case "event":
      return <EventFields condition={condition} onChange={onChange} />;
    case "absence":
      return <AbsenceFields condition={condition} onChange={onChange} />;
  }
}

function MetricSelect({ value, any, onChange }: { value: string; any: boolean; onChange: (name: string) => void }) {
  return (
    <Field label="Measurement">
      <Select value={value} onChange={(event) => onChange(event.target.value)}>
        {any && <option value="">Any</option>}
        {Object.entries(METRICS).map(([name, { label }]) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
      </Select>
    </Field>
  );
}

function SubjectField({ value, onChange }: { value: string; onChange: (subject: string) => void }) {
  return (
    <Field label="About" hint="Blank: all together. user:ada: one of them. user:*: each by itself.">
      <Input
        value={value}
        maxLength={160}
        autoComplete="off"
        spellCheck={false}
        className="font-mono text-xs"
        onChange={(event) => onChange(event.target.value)}
      />
    </Field>
  );
}

function MetricFields({ condition, onChange }: FieldsProps<MetricCondition>) {
  const { metric, subject, aggregate, windowMs, comparison, threshold } = condition;
  return (
    <>
      <MetricSelect value={metric} any={false} onChange={(name) => onChange({ ...condition, metric: name })} />
      <SubjectField value={subject} onChange={(text) => onChange({ ...condition, subject: text })} />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Taken together by">
          <Select
            value={aggregate}
            onChange={(event) =>
              onChange({ ...condition, aggregate: AGGREGATES.find((one) => one === event.target.value) ?? aggregate })
            }
          >
            {AGGREGATES.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </Select>
        </Field>
        <MinutesField
          label="Window"
          value={windowMs}
          min={1}
          onChange={(ms) => onChange({ ...condition, windowMs: ms })}
        />
        <Field label="Is">
          <Select
            value={comparison}
            onChange={(event) =>
              onChange({
                ...condition,
                comparison: COMPARISONS.find((one) => one === event.target.value) ?? comparison,
              })
            }
          >
            {COMPARISONS.map((one) => (
              <option key={one} value={one}>
                {COMPARED[one]}
              </option>
            ))}
          </Select>
        </Field>
        <Field label="Bound">
          <Input
            type="number"
            step="any"
            value={threshold}
            onChange={(event) => onChange({ ...condition, threshold: Number(event.target.value) })}
          />
        </Field>
      </div>
    </>
  );
}

function AnomalyFields({ condition, onChange }: FieldsProps<AnomalyCondition>) {
  return (
    <>
      <MetricSelect
        value={condition.metric ?? ""}
        any
        onChange={(name) => onChange({ ...condition, metric: name === "" ? null : name })}
      />
      <Field label="Score at least" hint="From 0 to 1; 0 means every anomaly that is found.">
        <Input
          type="number"
          min={0}
          max={1}
          step={0.05}
          value={condition.minScore}
          onChange={(event) => onChange({ ...condition, minScore: Number(event.target.value) })}
        />
      </Field>
    </>
  );
}

const NO_MATCH = { events: ["backup.created"], kinds: [], severity: null, outcome: null };

function AbsenceFields({ condition, onChange }: FieldsProps<AbsenceCondition>) {
  const { of, windowMs } = condition;
  return (
    <>
      <Field label="What does not come">
        <Select
          value={of.kind}
          onChange={(event) =>
            onChange({
              ...condition,
              of:
                event.target.value === "metric"
                  ? { kind: "metric", metric: "requests", subject: "" }
                  : { kind: "event", match: NO_MATCH },
            })
          }
        >
          <option value="event">an event</option>
          <option value="metric">a measurement</option>
        </Select>
      </Field>
      {of.kind === "metric" ? (
        <>
          <MetricSelect
            value={of.metric}
            any={false}
            onChange={(name) => onChange({ ...condition, of: { ...of, metric: name } })}
          />
          <SubjectField
            value={of.subject}
            onChange={(text) => onChange({ ...condition, of: { ...of, subject: text } })}
          />
        </>
      ) : (
        <EventFields
          condition={{ type: "event", match: of.match, by: null, count: 1, windowMs }}
          matchOnly
          onChange={({ match }) => onChange({ ...condition, of: { ...of, match } })}
        />
      )}
      <MinutesField label="For" value={windowMs} min={1} onChange={(ms) => onChange({ ...condition, windowMs: ms })} />
    </>
  );
}
