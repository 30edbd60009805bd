"use client";

import Link from "next/link";
import type { SubmitEvent } from "react";
import { RefusalAlert } from "#components/auth/refusal-alert.tsx";
import { SubmitButton } from "#components/auth/submit-button.tsx";
import { TextField } from "#components/auth/text-field.tsx";
import { CommandLine } from "#components/shared/command-line.tsx";

interface LinkFormProps {
  busy: boolean;
  refusal: string | null;
  waitSeconds: number;
  onSubmit: (text: string) => void;
}

const LINK_MAX = 400;

/** Takes a pasted link, and says where a new one comes from. */
export function LinkForm({ busy, refusal, waitSeconds, onSubmit }: LinkFormProps) {
  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const text = new FormData(event.currentTarget).get("code");
    if (!busy && typeof text === "string") {
      onSubmit(text);
    }
  }

  return (
    <>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <RefusalAlert message={refusal} waitSeconds={waitSeconds} />
        <TextField
          label="Link or set-up code"
          name="code"
          required
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={LINK_MAX}
          className="font-mono"
        />
        <SubmitButton busy={busy} label="Continue" busyLabel="Checking the link" disabled={waitSeconds > 0} />
      </form>
      <div className="mt-6 flex flex-col gap-2 text-muted-foreground">
        <p>
          A link works once and for a limited time. Ask an administrator for a new invitation, or, on the gateway&apos;s
          machine, make a link for the first account:
        </p>
        <CommandLine command="./openclaw console link" />
        <p>and, where accounts exist already, for a further administrator:</p>
        <CommandLine command="./openclaw admin create --email you@example.com" />
        <p className="mt-2">
          You have an account?{" "}
          <Link href="/sign-in" className="font-medium text-primary underline underline-offset-4">
            Sign in
          </Link>
        </p>
      </div>
      <noscript>
        <p className="mt-3 text-destructive">Setting up an account needs JavaScript. Switch it on for this address.</p>
      </noscript>
    </>
  );
}
