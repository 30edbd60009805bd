"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";
import { ConditionFields } from "#components/alerts/condition-fields.tsx";
import { draftOf, NEW_CONDITIONS, NEW_RULE } from "#components/alerts/draft.ts";
import { MinutesField } from "#components/alerts/minutes-field.tsx";
import { PreviewChart } from "#components/alerts/preview-chart.tsx";
import { SubmitButton } from "#components/auth/submit-button.tsx";
import { errorText } from "#components/shared/error-text.ts";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { CheckboxField } from "#components/ui/checkbox.tsx";
import { Field } from "#components/ui/field.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import { Input } from "#components/ui/input.tsx";
import { Select } from "#components/ui/select.tsx";
import { ALERT_SEVERITIES, CONDITION_TYPES, type ConditionType } from "#server/alerts/policy.ts";
import type { Rule, RuleDraft } from "#server/alerts/schema.ts";

interface RuleFormProps {
  /** Null: a new one. */
  rule: Rule | null;
  onClose: () => void;
}

const TYPES: Record<ConditionType, string> = {
  event: "Events of the record",
  metric: "A measurement",
  anomaly: "Anomalies",
  absence: "Something that does not come",
};

/** A rule, with a look at when it would have fired. */
export function RuleForm({ rule, onClose }: RuleFormProps) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [draft, setDraft] = useState<RuleDraft>(rule === null ? NEW_RULE : draftOf(rule));
  const points = useQuery(trpc.alertPoints.list.queryOptions());
  const change = (next: Partial<RuleDraft>) => setDraft({ ...draft, ...next });
  const done = {
    onSuccess: async () => {
      onClose();
      toast(rule === null ? `Rule ${draft.name} created` : `Rule ${draft.name} saved`);
      await queryClient.invalidateQueries(trpc.alertRules.pathFilter());
    },
  };
  const create = useMutation(trpc.alertRules.create.mutationOptions(done));
  const update = useMutation(trpc.alertRules.update.mutationOptions(done));
  const busy = create.isPending || update.isPending;
  const error = create.error ?? update.error;

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (busy) {
      return;
    }
    if (rule === null) {
      create.mutate(draft);
    } else {
      update.mutate({ id: rule.id, version: rule.version, rule: draft });
    }
  }

  const named = (points.data?.points ?? []).filter(({ receivesAll }) => !receivesAll);
  return (
    <form
      onSubmit={submit}
      noValidate
      aria-label={rule === null ? "New rule" : "Edit rule"}
      className="flex flex-col gap-4 border-t pt-4"
    >
      <FormError text={error === null ? null : errorText(error)} />
      <Field label="Name">
        <Input
          value={draft.name}
          maxLength={80}
          autoComplete="off"
          onChange={(event) => change({ name: event.target.value })}
        />
      </Field>
      <Field label="What for" optional>
        <Input
          value={draft.description}
          maxLength={500}
          onChange={(event) => change({ description: event.target.value })}
        />
      </Field>
      <Field label="Looks at">
        <Select
          value={draft.condition.type}
          onChange={(event) => {
            const type = CONDITION_TYPES.find((known) => known === event.target.value) ?? draft.condition.type;
            change({ condition: NEW_CONDITIONS[type] });
          }}
        >
          {CONDITION_TYPES.map((type) => (
            <option key={type} value={type}>
              {TYPES[type]}
            </option>
          ))}
        </Select>
      </Field>
      <ConditionFields condition={draft.condition} onChange={(condition) => change({ condition })} />
      <PreviewChart draft={draft} />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Severity">
          <Select
            value={draft.severity}
            onChange={(event) =>
              change({ severity: ALERT_SEVERITIES.find((one) => one === event.target.value) ?? draft.severity })
            }
          >
            {ALERT_SEVERITIES.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </Select>
        </Field>
        <MinutesField
          label="Fires after"
          hint="How long it has to hold."
          value={draft.forMs}
          onChange={(forMs) => change({ forMs })}
        />
        <MinutesField
          label="Resolved after"
          hint="How long it has to be clear; what flaps is one alert."
          value={draft.keepFiringMs}
          onChange={(keepFiringMs) => change({ keepFiringMs })}
        />
        <MinutesField
          label="Reminder every"
          hint="0: none. Ends when somebody acknowledges."
          value={draft.remindMs ?? 0}
          onChange={(ms) => change({ remindMs: ms === 0 ? null : ms })}
        />
        {draft.condition.type === "metric" && (
          <Field label="When nothing is measured">
            <Select
              value={draft.noData}
              onChange={(event) =>
                change({
                  noData: event.target.value === "alert" ? "alert" : event.target.value === "ok" ? "ok" : "keep",
                })
              }
            >
              <option value="keep">stay as it is</option>
              <option value="alert">fire</option>
              <option value="ok">count as clear</option>
            </Select>
          </Field>
        )}
        <Field label="Notifications">
          <Select
            value={draft.grouping}
            onChange={(event) => change({ grouping: event.target.value === "subject" ? "subject" : "rule" })}
          >
            <option value="rule">all of the rule together</option>
            <option value="subject">each subject by itself</option>
          </Select>
        </Field>
      </div>
      {named.length > 0 && (
        <fieldset className="flex flex-col gap-2">
          <legend className="mb-2 font-medium">Also told</legend>
          {named.map(({ id, name }) => (
            <CheckboxField
              key={id}
              label={name}
              checked={draft.contactPoints.includes(id)}
              onChange={(event) =>
                change({
                  contactPoints: event.target.checked
                    ? [...draft.contactPoints, id]
                    : draft.contactPoints.filter((one) => one !== id),
                })
              }
            />
          ))}
        </fieldset>
      )}
      <div className="self-end">
        <SubmitButton
          busy={busy}
          label={rule === null ? "Create rule" : "Save rule"}
          busyLabel="Saving the rule"
          disabled={draft.name.trim() === ""}
        />
      </div>
    </form>
  );
}
