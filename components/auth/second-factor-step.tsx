"use client";

import { ArrowLeftIcon, KeyRoundIcon, LifeBuoyIcon, SmartphoneIcon } from "lucide-react";
import { useState, type SubmitEvent } from "react";
import type { SecondFactor } from "#components/auth/auth-api.ts";
import { CodeField } from "#components/auth/code-field.tsx";
import { RecoveryField } from "#components/auth/recovery-field.tsx";
import { RefusalAlert } from "#components/auth/refusal-alert.tsx";
import { SubmitButton } from "#components/auth/submit-button.tsx";
import { usePasskeysWork } from "#components/auth/use-passkeys-work.ts";
import { Button } from "#components/ui/button.tsx";

export type SecondProof = { code: string } | { recoveryCode: string };

interface SecondFactorStepProps {
  methods: readonly SecondFactor[];
  busy: "password" | "passkey" | null;
  refusal: string | null;
  waitSeconds: number;
  /** @returns true when the browser goes on; the input is kept then. */
  onSubmit: (proof: SecondProof) => Promise<boolean>;
  onPasskey: () => void;
  /** Back to the first step; left out where there is none. */
  onBack?: () => void;
  submitLabel?: string;
}

/** Second step of sign-in, and the whole of a fresh proof: whatever of app, passkey and recovery code this person has. */
export function SecondFactorStep(props: SecondFactorStepProps) {
  const { methods, busy, refusal, waitSeconds, onSubmit, onPasskey, onBack, submitLabel = "Sign in" } = props;
  const hasApp = methods.includes("totp");
  const hasRecovery = methods.includes("recovery");
  const [input, setInput] = useState<"totp" | "recovery" | null>(hasApp ? "totp" : null);
  const [text, setText] = useState("");
  const passkeys = usePasskeysWork() && methods.includes("passkey");
  const isWaiting = waitSeconds > 0;

  function choose(next: "totp" | "recovery") {
    setInput(next);
    setText("");
  }

  async function send(value: string) {
    if (busy === null && !isWaiting) {
      const isAccepted = await onSubmit(input === "recovery" ? { recoveryCode: value.trim() } : { code: value });
      if (!isAccepted && input === "totp") {
        setText("");
      }
    }
  }

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    void send(text);
  }

  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <RefusalAlert message={refusal} waitSeconds={waitSeconds} />
      {input === "totp" && (
        <CodeField
          hint="From your authenticator app. A new one comes every 30 seconds."
          autoFocus
          value={text}
          onChange={setText}
          onComplete={(code) => void send(code)}
        />
      )}
      {input === "recovery" && <RecoveryField value={text} onChange={setText} />}
      {input !== null && (
        <SubmitButton busy={busy === "password"} label={submitLabel} busyLabel="Checking" disabled={isWaiting} />
      )}
      {passkeys && (
        <Button
          variant={input === null ? "default" : "outline"}
          aria-disabled={busy !== null}
          disabled={isWaiting}
          onClick={onPasskey}
        >
          <KeyRoundIcon aria-hidden />
          Use a passkey
        </Button>
      )}
      {methods.includes("passkey") && !passkeys && !hasApp && (
        <p className="text-muted-foreground">
          Your second factor is a passkey, which works only under the console&apos;s own host name. Open the console
          there, or use a recovery code.
        </p>
      )}
      <div className="flex flex-wrap gap-x-2">
        {hasRecovery && input !== "recovery" && (
          <Button variant="ghost" size="sm" onClick={() => choose("recovery")}>
            <LifeBuoyIcon aria-hidden />
            Use a recovery code
          </Button>
        )}
        {hasApp && input !== "totp" && (
          <Button variant="ghost" size="sm" onClick={() => choose("totp")}>
            <SmartphoneIcon aria-hidden />
            Use the authenticator app
          </Button>
        )}
        {onBack !== undefined && (
          <Button variant="ghost" size="sm" onClick={onBack}>
            <ArrowLeftIcon aria-hidden />
            Start over
          </Button>
        )}
      </div>
    </form>
  );
}
