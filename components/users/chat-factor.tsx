"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { CodeField } from "#components/auth/code-field.tsx";
import { SubmitButton } from "#components/auth/submit-button.tsx";
import { errorsByField, errorText } from "#components/shared/error-text.ts";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { CopyButton } from "#components/ui/copy-button.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";

/** The authenticator with which a person confirms commands from a chat. */
export function ChatFactor({ userId, readOnly }: { userId: string; readOnly: boolean }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [shown, setShown] = useState<{ secret: string; qr: string } | null>(null);
  const [isRemoving, setRemoving] = useState(false);
  const { data } = useQuery(trpc.chatFactors.state.queryOptions({ userId }));
  const changed = () => queryClient.invalidateQueries(trpc.chatFactors.pathFilter());
  const begin = useMutation(trpc.chatFactors.begin.mutationOptions({ gcTime: 0, onSuccess: setShown }));
  const remove = useMutation(
    trpc.chatFactors.remove.mutationOptions({
      onSuccess: async () => {
        setRemoving(false);
        toast(`${userId} has no authenticator for chats any more`);
        await changed();
      },
    }),
  );
  if (data === undefined) {
    return null;
  }
  return (
    <section aria-label="Authenticator for chats" className="flex flex-col gap-3 border-t pt-4">
      <div className="flex flex-wrap items-center gap-2">
        <h3 className="font-medium">Authenticator for chats</h3>
        {data.active ? <StatusBadge status="ok">Enrolled</StatusBadge> : <StatusBadge status="none">None</StatusBadge>}
      </div>
      <p className="text-muted-foreground">
        {data.commands.length === 0
          ? "No command asks for its code: security.authorization.stepUp.commands is empty."
          : `Its code confirms ${data.commands.map((name) => `/${name}`).join(", ")} wherever this person writes.`}
      </p>
      <FormError text={begin.error === null ? null : errorText(begin.error)} />
      {shown !== null ? (
        <ConfirmFactor
          userId={userId}
          shown={shown}
          onDone={() => {
            setShown(null);
            begin.reset();
            void changed();
          }}
        />
      ) : (
        !readOnly && (
          <div className="flex flex-wrap gap-2">
            {!data.active && (
              <Button variant="outline" size="sm" disabled={begin.isPending} onClick={() => begin.mutate({ userId })}>
                Enrol authenticator
              </Button>
            )}
            {data.active && (
              <Button variant="destructive-outline" size="sm" onClick={() => setRemoving(true)}>
                Remove authenticator
              </Button>
            )}
          </div>
        )
      )}
      <ConfirmDialog
        open={isRemoving}
        onOpenChange={(open) => {
          setRemoving(open);
          remove.reset();
        }}
        title={`Remove the authenticator of "${userId}"?`}
        consequence="Commands that ask for a code are refused to this person until another one is enrolled."
        confirmLabel="Remove authenticator"
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate({ userId })}
      />
    </section>
  );
}

interface ConfirmFactorProps {
  userId: string;
  shown: { secret: string; qr: string };
  onDone: () => void;
}

/** The key, shown once for the person to take in, and the code that proves that it was. */
function ConfirmFactor({ userId, shown, onDone }: ConfirmFactorProps) {
  const trpc = useTRPC();
  const [code, setCode] = useState("");
  const confirm = useMutation(
    trpc.chatFactors.confirm.mutationOptions({
      onSuccess: () => {
        toast(`${userId} can confirm commands now`);
        onDone();
      },
      onError: () => setCode(""),
    }),
  );
  const refusal = errorsByField(confirm.error).code;
  const send = (value: string) => (confirm.isPending ? undefined : confirm.mutate({ userId, code: value }));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send(code);
      }}
      className="flex flex-col gap-3"
    >
      <p>Let the person scan this, or type the key into an authenticator app. It is not shown again.</p>
      <div className="w-fit rounded-md border bg-white p-2">
        {/* eslint-disable-next-line @next/next/no-img-element -- a data URL: there is nothing to optimise */}
        <img src={shown.qr} width={192} height={192} alt="QR code of the key that follows as text" />
      </div>
      <div className="flex items-start gap-2 rounded-md border bg-muted p-2 pl-3">
        <code
          aria-label="Key"
          role="group"
          className="grow self-center font-mono text-xs leading-5 break-all select-all"
        >
          {shown.secret}
        </code>
        <CopyButton value={shown.secret.replaceAll(" ", "")} label="Copy key" />
      </div>
      <FormError text={confirm.error === null || refusal !== undefined ? null : errorText(confirm.error)} />
      <CodeField error={refusal} value={code} onChange={setCode} onComplete={send} />
      <div className="flex flex-wrap gap-2">
        <SubmitButton busy={confirm.isPending} label="Confirm code" busyLabel="Checking" />
        <Button variant="ghost" onClick={onDone}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
