"use client";

import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";
import { askForPasskey } from "#components/auth/passkey.ts";
import { PasswordField } from "#components/auth/password-field.tsx";
import { RefusalAlert } from "#components/auth/refusal-alert.tsx";
import { SecondFactorStep } from "#components/auth/second-factor-step.tsx";
import { SubmitButton } from "#components/auth/submit-button.tsx";
import { errorText } from "#components/shared/error-text.ts";
import { useTRPC } from "#components/trpc/context.ts";
import { Dialog, DialogContent, DialogDescription, DialogHeader, DialogTitle } from "#components/ui/dialog.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";
import type { StepUp, StepUpOptions } from "#server/account/schema.ts";

interface StepUpDialogProps {
  /** @param ok whether a fresh proof was given; false when the dialog was closed without. */
  onDone: (ok: boolean) => void;
}

/** Asks for a fresh proof of identity before something dangerous is done. It is open as long as it is rendered. */
export function StepUpDialog({ onDone }: StepUpDialogProps) {
  const trpc = useTRPC();
  const options = useQuery(trpc.account.stepUpOptions.queryOptions(undefined, { gcTime: 0, staleTime: 0 }));
  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onDone(false))}>
      <DialogContent>
        <DialogHeader>
          <DialogTitle>Confirm that it is you</DialogTitle>
          <DialogDescription>
            What you are about to do can hurt in the wrong hands. After this you are not asked again for 10 minutes.
          </DialogDescription>
        </DialogHeader>
        {options.data !== undefined && (
          <Proof options={options.data} onDone={onDone} onStale={() => void options.refetch()} />
        )}
        {options.isPending && (
          <div role="status">
            <span className="sr-only">Loading</span>
            <Skeleton className="h-24" />
          </div>
        )}
        {options.error !== null && (
          <ErrorState
            title="It could not be found out how you prove yourself"
            error={options.error}
            busy={options.isFetching}
            onRetry={() => void options.refetch()}
          />
        )}
      </DialogContent>
    </Dialog>
  );
}

interface ProofProps extends StepUpDialogProps {
  options: StepUpOptions;
  /** The passkey's challenge was used up: a new one is needed. */
  onStale: () => void;
}

function Proof({ options, onDone, onStale }: ProofProps) {
  const trpc = useTRPC();
  const { mutateAsync } = useMutation(trpc.account.stepUp.mutationOptions({ gcTime: 0 }));
  const [busy, setBusy] = useState<"password" | "passkey" | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);

  async function prove(proof: StepUp): Promise<boolean> {
    setBusy("passkey" in proof ? "passkey" : "password");
    setRefusal(null);
    try {
      await mutateAsync(proof);
      onDone(true);
      return true;
    } catch (error) {
      setRefusal(error instanceof Error ? errorText(error) : null);
      setBusy(null);
      if ("passkey" in proof) {
        onStale();
      }
      return false;
    }
  }

  async function provePasskey() {
    if (options.passkey === null) {
      setRefusal("Passkeys work only under the console's own host name. Open the console there.");
      return;
    }
    setBusy("passkey");
    setRefusal(null);
    const answer = await askForPasskey(options.passkey);
    if (answer.ok) {
      await prove({ passkey: answer.response });
    } else {
      setRefusal(answer.message);
      setBusy(null);
    }
  }

  if (options.methods.includes("password")) {
    return <PasswordProof busy={busy !== null} refusal={refusal} onSubmit={(password) => void prove({ password })} />;
  }
  return (
    <SecondFactorStep
      methods={options.methods.filter((method) => method !== "password")}
      busy={busy}
      refusal={refusal}
      waitSeconds={0}
      onSubmit={prove}
      onPasskey={() => void provePasskey()}
      submitLabel="Confirm"
    />
  );
}

interface PasswordProofProps {
  busy: boolean;
  refusal: string | null;
  onSubmit: (password: string) => void;
}

/** For members without a second factor. */
function PasswordProof({ busy, refusal, onSubmit }: PasswordProofProps) {
  const [password, setPassword] = useState("");

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (!busy) {
      onSubmit(password);
    }
  }

  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <RefusalAlert message={refusal} />
      <PasswordField
        label="Your password"
        name="password"
        autoComplete="current-password"
        autoFocus
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
      <SubmitButton busy={busy} label="Confirm" busyLabel="Checking" />
    </form>
  );
}
