"use client";

import type { ComponentProps, ReactNode } from "react";
import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";

interface TextFieldProps extends Omit<ComponentProps<typeof Input>, "id"> {
  label: string;
  hint?: ReactNode;
  error?: string | null | undefined;
}

/** The usual field: one line of text. */
export function TextField({ label, hint, error, ...props }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      <Input {...props} />
    </Field>
  );
}
