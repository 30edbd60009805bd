"use client";

import { useMutation } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";
import { makePasskey } from "#components/auth/passkey.ts";
import { SubmitButton } from "#components/auth/submit-button.tsx";
import { TextField } from "#components/auth/text-field.tsx";
import { errorText } from "#components/shared/error-text.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { FormError } from "#components/ui/form-error.tsx";

interface EnrolPasskeyProps {
  /** @param codes recovery codes when these are the first ones, otherwise none. */
  onDone: (codes: readonly string[]) => void;
  onBack: () => void;
}

const NAME_MAX = 60;

/** Names a passkey and has the device make it. */
export function EnrolPasskey({ onDone, onBack }: EnrolPasskeyProps) {
  const trpc = useTRPC();
  const options = useMutation(trpc.account.passkeyRegistrationOptions.mutationOptions());
  const add = useMutation(trpc.account.addPasskey.mutationOptions({ gcTime: 0 }));
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);

  async function make() {
    setBusy(true);
    setRefusal(null);
    try {
      const made = await makePasskey(await options.mutateAsync());
      if (made.ok) {
        const { recoveryCodes } = await add.mutateAsync({ name: name.trim(), response: made.response });
        onDone(recoveryCodes);
        return;
      }
      setRefusal(made.message);
    } catch (error) {
      setRefusal(error instanceof Error ? errorText(error) : null);
    }
    setBusy(false);
  }

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (!busy) {
      void make();
    }
  }

  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <FormError text={refusal} />
      <TextField
        label="Name of the passkey"
        hint="So that you know it in your list, as “Laptop” or “Security key”."
        name="name"
        autoComplete="off"
        maxLength={NAME_MAX}
        required
        autoFocus
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <div className="flex flex-wrap gap-2">
        <SubmitButton busy={busy} label="Create passkey" busyLabel="Waiting for your device" />
        <Button variant="ghost" onClick={onBack}>
          Back
        </Button>
      </div>
    </form>
  );
}
