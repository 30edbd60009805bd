"use client";

import { useState } from "react";
import { TextField } from "#components/auth/text-field.tsx";
import { TextArea } from "#components/incidents/text-area.tsx";
import { useIncidentChange } from "#components/incidents/use-incident-change.ts";
import { FormSheet } from "#components/shared/form-sheet.tsx";
import { useMutationForm } from "#components/shared/use-mutation-form.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { CheckboxField } from "#components/ui/checkbox.tsx";
import { Field } from "#components/ui/field.tsx";
import { Select } from "#components/ui/select.tsx";
import { INCIDENT_SEVERITIES, type IncidentSeverity } from "#server/incidents/policy.ts";

/** Opens an incident, or an exercise. */
export function OpenIncidentSheet({ onClose }: { onClose: () => void }) {
  const trpc = useTRPC();
  const changed = useIncidentChange();
  const [title, setTitle] = useState("");
  const [severity, setSeverity] = useState<IncidentSeverity>("high");
  const [commander, setCommander] = useState("");
  const [subjects, setSubjects] = useState("");
  const [plan, setPlan] = useState("");
  const [drill, setDrill] = useState(false);
  const form = useMutationForm(
    trpc.incidents.open.mutationOptions({
      onSuccess: () => {
        onClose();
        return changed(drill ? "The drill is open" : "The incident is open");
      },
    }),
    ["title", "commander", "subjects", "plan"],
  );

  function submit(): void {
    form.send({
      title,
      severity,
      ...(commander.trim() === "" ? {} : { commander }),
      subjects: subjects.split(/[\s,]+/).filter((part) => part !== ""),
      plan,
      drill,
    });
  }

  return (
    <FormSheet
      title="Open incident"
      description="Its timeline fills itself from the audit log, from an hour before on. Locks are set apart from it."
      form={form}
      onSubmit={submit}
      submit={{ label: "Open incident", busyLabel: "Opening", disabled: title.trim() === "" }}
      onClose={onClose}
    >
      <TextField
        label="Title"
        name="title"
        maxLength={200}
        required
        error={form.errors.title}
        value={title}
        onChange={(event) => setTitle(event.target.value)}
      />
      <Field label="Severity">
        <Select value={severity} onChange={(event) => setSeverity(event.target.value as IncidentSeverity)}>
          {INCIDENT_SEVERITIES.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </Select>
      </Field>
      <TextField
        label="Led by"
        hint="Empty: you."
        name="commander"
        maxLength={200}
        error={form.errors.commander}
        value={commander}
        onChange={(event) => setCommander(event.target.value)}
      />
      <TextField
        label="About"
        hint="Such as user:ada channel:slack token:a1b2c3. Empty: everything that is not routine."
        name="subjects"
        autoCapitalize="none"
        spellCheck={false}
        error={form.errors.subjects}
        value={subjects}
        onChange={(event) => setSubjects(event.target.value)}
      />
      <Field
        label="Plan and communication"
        hint="What is to be done, and what is said to whom."
        optional
        error={form.errors.plan}
      >
        <TextArea
          name="plan"
          rows={5}
          maxLength={20_000}
          value={plan}
          onChange={(event) => setPlan(event.target.value)}
        />
      </Field>
      <CheckboxField
        label="Drill: an exercise, said so wherever it is shown"
        checked={drill}
        onChange={(event) => setDrill(event.target.checked)}
      />
    </FormSheet>
  );
}
