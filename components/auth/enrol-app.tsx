"use client";

import { useMutation } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";
import { CodeField } from "#components/auth/code-field.tsx";
import { PasswordField } from "#components/auth/password-field.tsx";
import { SubmitButton } from "#components/auth/submit-button.tsx";
import { errorsByField, errorText } from "#components/shared/error-text.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { CopyButton } from "#components/ui/copy-button.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import type { TotpEnrolment } from "#server/account/schema.ts";

interface EnrolAppProps {
  /** E-mail of the account, so that password managers know whose password is asked for. */
  account: string;
  onCodes: (codes: readonly string[]) => void;
  onBack: () => void;
}

/** Password, then the key as picture and as text, then the first code. The recovery codes that come with it go to the caller. */
export function EnrolApp({ account, onCodes, onBack }: EnrolAppProps) {
  const [enrolment, setEnrolment] = useState<TotpEnrolment | null>(null);
  return enrolment === null ? (
    <PasswordForm account={account} onEnrolment={setEnrolment} onBack={onBack} />
  ) : (
    <CodeForm enrolment={enrolment} onCodes={onCodes} onBack={onBack} />
  );
}

interface PasswordFormProps {
  account: string;
  onEnrolment: (enrolment: TotpEnrolment) => void;
  onBack: () => void;
}

function PasswordForm({ account, onEnrolment, onBack }: PasswordFormProps) {
  const trpc = useTRPC();
  const begin = useMutation(trpc.account.beginTotp.mutationOptions({ onSuccess: onEnrolment, gcTime: 0 }));
  const [password, setPassword] = useState("");
  const refusal = errorsByField(begin.error).password;

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (!begin.isPending) {
      begin.mutate({ password });
    }
  }

  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <FormError text={begin.error === null || refusal !== undefined ? null : errorText(begin.error)} />
      <input name="username" autoComplete="username" value={account} readOnly hidden />
      <PasswordField
        label="Your password"
        hint="Asked again, so that nobody at your open session can add a factor of theirs."
        name="password"
        autoComplete="current-password"
        autoFocus
        error={refusal}
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
      <Buttons busy={begin.isPending} label="Continue" busyLabel="Checking" onBack={onBack} />
    </form>
  );
}

interface CodeFormProps {
  enrolment: TotpEnrolment;
  onCodes: (codes: readonly string[]) => void;
  onBack: () => void;
}

function CodeForm({ enrolment, onCodes, onBack }: CodeFormProps) {
  const trpc = useTRPC();
  const [code, setCode] = useState("");
  const confirm = useMutation(
    trpc.account.confirmTotp.mutationOptions({
      gcTime: 0,
      onSuccess: ({ recoveryCodes }) => onCodes(recoveryCodes),
      onError: () => setCode(""),
    }),
  );
  const refusal = errorsByField(confirm.error).code;
  const send = (value: string) => (confirm.isPending ? undefined : confirm.mutate({ code: value }));

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send(code);
      }}
      className="flex flex-col gap-5"
    >
      <ol className="flex list-decimal flex-col gap-4 pl-5 marker:text-muted-foreground">
        <li>
          <p>Scan this with your authenticator app.</p>
          <div className="mt-2 w-fit rounded-md border bg-white p-2">
            {/* eslint-disable-next-line @next/next/no-img-element -- a data URL: there is nothing to optimise */}
            <img src={enrolment.qr} width={192} height={192} alt="QR code of the key that follows as text" />
          </div>
        </li>
        <li>
          <p>
            Or add the key by hand, or{" "}
            <a href={enrolment.uri} className="font-medium text-primary underline underline-offset-4">
              open an app on this device
            </a>
            .
          </p>
          <div className="mt-2 flex items-start gap-2 rounded-md border bg-muted p-2 pl-3">
            <code aria-label="Key" role="group" className="grow self-center font-mono text-xs leading-5 select-all">
              {enrolment.secret}
            </code>
            <CopyButton value={enrolment.secret.replaceAll(" ", "")} label="Copy key" />
          </div>
        </li>
        <li>
          <p className="mb-2">Enter the code that the app shows.</p>
          <div className="flex flex-col gap-2">
            <FormError text={confirm.error === null || refusal !== undefined ? null : errorText(confirm.error)} />
            <CodeField autoFocus error={refusal} value={code} onChange={setCode} onComplete={send} />
          </div>
        </li>
      </ol>
      <Buttons busy={confirm.isPending} label="Confirm code" busyLabel="Checking" onBack={onBack} />
    </form>
  );
}

interface ButtonsProps {
  busy: boolean;
  label: string;
  busyLabel: string;
  onBack: () => void;
}

function Buttons({ busy, label, busyLabel, onBack }: ButtonsProps) {
  return (
    <div className="flex flex-wrap gap-2">
      <SubmitButton busy={busy} label={label} busyLabel={busyLabel} />
      <Button variant="ghost" onClick={onBack}>
        Back
      </Button>
    </div>
  );
}
