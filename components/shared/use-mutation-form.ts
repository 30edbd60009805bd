"use client";

import { useMutation, type UseMutationOptions } from "@tanstack/react-query";
import { useEffect, useId } from "react";
import { errorsByField, errorText } from "#components/shared/error-text.ts";
import type { CallError } from "#components/trpc/query-client.ts";

/**
 * A form that sends one mutation: errors come back at their fields, the rest above the form, and the focus goes to the first field that is
 * wrong. Spread `formProps` on the form, give each control the `name` of its input field and each `Field` its `error={form.errors.<name>}`.
 * @param fields the names that the form shows; errors of any other go into `formError`.
 */
export function useMutationForm<Output, Failure extends CallError, Input, Context>(
  options: UseMutationOptions<Output, Failure, Input, Context>,
  fields: readonly string[],
) {
  const id = useId();
  const { error, isPending, mutate, mutateAsync, reset } = useMutation(options);
  const all = errorsByField(error);
  const errors = Object.fromEntries(Object.entries(all).filter(([name]) => fields.includes(name)));
  const isShownAtField = Object.keys(errors).length > 0;

  useEffect(() => {
    if (error !== null) {
      focusFirstInvalid(id);
    }
  }, [error, id]);

  return {
    formProps: { id, noValidate: true },
    send: mutate,
    sendAsync: mutateAsync,
    reset,
    busy: isPending,
    errors,
    /** What to say above the form; null when every error is at its field. */
    formError: error === null || isShownAtField ? null : errorText(error),
  };
}

function focusFirstInvalid(formId: string): void {
  const form = document.getElementById(formId);
  const invalid = form?.querySelector<HTMLElement>('[aria-invalid="true"]') ?? form?.querySelector("[role=alert]");
  if (invalid instanceof HTMLElement) {
    invalid.focus();
  }
}
