"use client";

import { ChipsInput } from "#components/ui/chips-input.tsx";
import { Field } from "#components/ui/field.tsx";
import { RadioGroup } from "#components/ui/radio-group.tsx";

interface ModelsFieldProps {
  /** Names that are known here; others can be typed. */
  known: readonly string[];
  /** Null: all that the role may call, now and later. Empty: none. */
  value: readonly string[] | null;
  onValueChange: (value: string[] | null) => void;
  error: string | undefined;
}

/** A token that may call fewer models than its role. */
export function ModelsField({ known, value, onValueChange, error }: ModelsFieldProps) {
  return (
    <div className="flex flex-col gap-2">
      <RadioGroup
        legend="Models"
        name="modelsChoice"
        options={[
          { value: "all", label: "All that its role may call", hint: "Also those the role is given later." },
          {
            value: "some",
            label: "Only those listed here",
            hint: "The list narrows the role and never adds to it. It also holds for runs that the token starts, and cannot be changed later.",
          },
        ]}
        value={value === null ? "all" : "some"}
        onValueChange={(choice) => onValueChange(choice === "all" ? null : [])}
      />
      {value !== null && (
        <Field
          label="Listed models"
          hint={
            value.length === 0
              ? "The list is empty: the token may call no model. Add names such as openai/gpt-5-mini, or local/* for all of a provider."
              : "Names, or beginnings with a * such as local/*. Press Enter after each."
          }
          error={error}
        >
          <ChipsInput
            name="models"
            value={value}
            onValueChange={onValueChange}
            suggestions={known.filter((name) => !value.includes(name))}
            max={100}
          />
        </Field>
      )}
    </div>
  );
}
