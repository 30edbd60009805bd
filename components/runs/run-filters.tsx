"use client";

import { FilterIcon } from "lucide-react";
import type { SubmitEvent } from "react";
import { LANGUAGES, STATES, type RunFilterName, type useRunFilters } from "#components/runs/use-run-filters.ts";
import { formText } from "#components/shared/form-text.ts";
import { Button } from "#components/ui/button.tsx";
import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";
import { Select } from "#components/ui/select.tsx";

const TEXTS = ["user", "channel", "profile", "agent", "from", "to"] as const;

/** Selects act at once, texts when the form is sent. Names are compared whole. */
export function RunFilters({ filters }: { filters: ReturnType<typeof useRunFilters> }) {
  const { values, setFilters, isFiltered, clear } = filters;

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    setFilters(Object.fromEntries(TEXTS.map((name) => [name, formText(data, name)])));
  }

  return (
    <form
      // Remounted when the address changes by other means, so that the fields show what is asked.
      key={TEXTS.map((name) => values[name] ?? "").join("\n")}
      onSubmit={submit}
      role="search"
      aria-label="Filter runs"
      className="grid grid-cols-2 items-end gap-3 sm:grid-cols-3 lg:grid-cols-5"
    >
      <Field label="State">
        <Select value={values.state ?? ""} onChange={(event) => setFilters({ state: event.target.value })}>
          <option value="">Any state</option>
          {STATES.map((state) => (
            <option key={state} value={state}>
              {state}
            </option>
          ))}
        </Select>
      </Field>
      <Field label="Language">
        <Select value={values.language ?? ""} onChange={(event) => setFilters({ language: event.target.value })}>
          <option value="">Any language</option>
          {LANGUAGES.map((language) => (
            <option key={language} value={language}>
              {language}
            </option>
          ))}
        </Select>
      </Field>
      <TextFilter name="user" label="User" value={values.user} />
      <TextFilter name="channel" label="Channel" value={values.channel} />
      <TextFilter name="profile" label="Profile" value={values.profile} />
      <TextFilter name="agent" label="Agent" value={values.agent} />
      <TextFilter name="from" label="From (UTC)" value={values.from} type="datetime-local" />
      <TextFilter name="to" label="Before (UTC)" value={values.to} type="datetime-local" />
      <div className="col-span-2 flex flex-wrap gap-2">
        <Button type="submit" variant="outline">
          <FilterIcon aria-hidden />
          Apply filters
        </Button>
        {isFiltered && (
          <Button variant="ghost" onClick={clear}>
            Clear filters
          </Button>
        )}
      </div>
    </form>
  );
}

interface TextFilterProps {
  name: RunFilterName;
  label: string;
  value: string | null;
  type?: "text" | "datetime-local";
}

function TextFilter({ name, label, value, type = "text" }: TextFilterProps) {
  return (
    <Field label={label}>
      <Input name={name} type={type} defaultValue={value ?? ""} maxLength={200} autoComplete="off" spellCheck={false} />
    </Field>
  );
}
