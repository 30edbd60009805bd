"use client";

import { useState, type SubmitEvent } from "react";
import { SubmitButton } from "#components/auth/submit-button.tsx";
import { TextArea } from "#components/incidents/text-area.tsx";
import { useIncidentChange } from "#components/incidents/use-incident-change.ts";
import { useMutationForm } from "#components/shared/use-mutation-form.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Field } from "#components/ui/field.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import { Select } from "#components/ui/select.tsx";
import { NOTE_KINDS } from "#server/incidents/policy.ts";

type Kind = (typeof NOTE_KINDS)[number];

/** Adds to the timeline. */
export function NoteForm({ id }: { id: string }) {
  const trpc = useTRPC();
  const changed = useIncidentChange();
  const [kind, setKind] = useState<Kind>("note");
  const [text, setText] = useState("");
  const form = useMutationForm(
    trpc.incidents.note.mutationOptions({
      onSuccess: () => {
        setText("");
        return changed("Noted");
      },
    }),
    ["text"],
  );

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (!form.busy) {
      form.send({ id, kind, text });
    }
  }

  return (
    <form {...form.formProps} onSubmit={submit} className="flex flex-col gap-3">
      <FormError text={form.formError} />
      <Field label="Note" error={form.errors.text}>
        <TextArea
          name="text"
          rows={3}
          maxLength={4000}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </Field>
      <div className="flex flex-wrap items-end gap-3">
        <Field label="Kind" className="w-48">
          <Select value={kind} onChange={(event) => setKind(event.target.value as Kind)}>
            {NOTE_KINDS.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </Select>
        </Field>
        <SubmitButton busy={form.busy} label="Add note" busyLabel="Adding" disabled={text.trim() === ""} />
      </div>
    </form>
  );
}
