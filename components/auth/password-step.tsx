"use client";

import { KeyRoundIcon } from "lucide-react";
import { useState, type SubmitEvent } from "react";
import { PasswordField } from "#components/auth/password-field.tsx";
import { RefusalAlert } from "#components/auth/refusal-alert.tsx";
import { SubmitButton } from "#components/auth/submit-button.tsx";
import { TextField } from "#components/auth/text-field.tsx";
import { usePasskeysWork } from "#components/auth/use-passkeys-work.ts";
import { Button } from "#components/ui/button.tsx";

interface PasswordStepProps {
  busy: "password" | "passkey" | null;
  refusal: string | null;
  waitSeconds: number;
  onSubmit: (proof: { email: string; password: string }) => void;
  onPasskey: () => void;
}

const EMAIL_MAX = 254;

/** First step of sign-in. */
export function PasswordStep({ busy, refusal, waitSeconds, onSubmit, onPasskey }: PasswordStepProps) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const passkeys = usePasskeysWork();

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (busy === null && waitSeconds === 0) {
      onSubmit({ email: email.trim(), password });
    }
  }

  return (
    <>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <RefusalAlert message={refusal} waitSeconds={waitSeconds} />
        <TextField
          label="E-mail"
          type="email"
          name="email"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={EMAIL_MAX}
          required
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
        <PasswordField
          label="Password"
          name="password"
          autoComplete="current-password"
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        <SubmitButton busy={busy === "password"} label="Sign in" busyLabel="Signing in" disabled={waitSeconds > 0} />
        {passkeys && (
          <Button variant="outline" aria-disabled={busy !== null} disabled={waitSeconds > 0} onClick={onPasskey}>
            <KeyRoundIcon aria-hidden />
            Sign in with a passkey
          </Button>
        )}
      </form>
      <p className="mt-6 text-muted-foreground">
        No account yet, or locked out? An administrator can invite you or reset your second factor.
      </p>
      <noscript>
        <p className="mt-3 text-destructive">Signing in needs JavaScript. Switch it on for this address.</p>
      </noscript>
    </>
  );
}
