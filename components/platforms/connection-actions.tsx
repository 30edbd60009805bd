"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleCheckIcon, CircleXIcon } from "lucide-react";
import { useState, type SubmitEvent } from "react";
import { errorText } from "#components/shared/error-text.ts";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Alert } from "#components/ui/alert.tsx";
import { Button } from "#components/ui/button.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";
import type { ConnectionRow } from "#server/channels/console-schema.ts";

interface ConnectionActionsProps {
  connection: ConnectionRow;
  onRemoved: () => void;
}

/** Proves that a connection works, as far as the platform can be asked. */
export function ConnectionActions({ connection: { channel, state, source }, onRemoved }: ConnectionActionsProps) {
  const trpc = useTRPC();
  const [conversation, setConversation] = useState("");
  const [isRemoving, setRemoving] = useState(false);
  const test = useMutation(trpc.connections.test.mutationOptions());
  const send = useMutation(trpc.connections.sendTest.mutationOptions());

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (!send.isPending) {
      send.mutate({ channel, conversation: conversation.trim() });
    }
  }

  return (
    <section aria-label="Try the connection" className="flex flex-col gap-3 border-t pt-4">
      <div className="flex flex-wrap gap-2">
        <Button
          variant="outline"
          size="sm"
          disabled={state !== "on" || test.isPending}
          onClick={() => test.mutate({ channel })}
        >
          {test.isPending ? "Asking the platform" : "Test connection"}
        </Button>
        {source === "database" && (
          <Button variant="destructive-outline" size="sm" className="ml-auto" onClick={() => setRemoving(true)}>
            Remove connection
          </Button>
        )}
      </div>
      {test.data !== undefined && (
        <Outcome
          ok={test.data.ok}
          text={test.data.ok ? `The platform knows us: ${test.data.account}` : test.data.reason}
        />
      )}
      {test.error !== null && <Outcome ok={false} text={errorText(test.error)} />}
      <form onSubmit={submit} className="flex flex-wrap items-end gap-2">
        <div className="min-w-48 grow">
          <Field
            label="Conversation"
            hint="Id of a chat, channel or number on the platform, as the delivery log shows it."
          >
            <Input
              value={conversation}
              maxLength={200}
              autoComplete="off"
              spellCheck={false}
              className="font-mono text-xs"
              onChange={(event) => setConversation(event.target.value)}
            />
          </Field>
        </div>
        <Button
          type="submit"
          variant="outline"
          disabled={state !== "on" || conversation.trim() === "" || send.isPending}
        >
          {send.isPending ? "Sending" : "Send test message"}
        </Button>
      </form>
      {send.data !== undefined && (
        <Outcome ok={send.data.ok} text={send.data.ok ? "The platform took the message." : send.data.reason} />
      )}
      {send.error !== null && <Outcome ok={false} text={errorText(send.error)} />}
      {isRemoving && <RemoveConnection channel={channel} onClose={() => setRemoving(false)} onRemoved={onRemoved} />}
    </section>
  );
}

function Outcome({ ok, text }: { ok: boolean; text: string }) {
  return (
    <Alert role="status" {...(ok ? {} : { variant: "destructive" as const })}>
      {ok ? <CircleCheckIcon aria-hidden /> : <CircleXIcon aria-hidden />}
      <p className="min-w-0 break-words">{text}</p>
    </Alert>
  );
}

interface RemoveConnectionProps {
  channel: string;
  onClose: () => void;
  onRemoved: () => void;
}

function RemoveConnection({ channel, onClose, onRemoved }: RemoveConnectionProps) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const remove = useMutation(
    trpc.connections.remove.mutationOptions({
      onSuccess: async () => {
        onRemoved();
        toast(`Connection ${channel} removed`);
        await queryClient.invalidateQueries(trpc.connections.pathFilter());
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={`Remove the connection "${channel}"?`}
      consequence="Deliveries to it are refused at once, replies that wait are not sent, and its secrets are deleted. The channel's rules stay."
      confirmLabel="Remove connection"
      typeName={channel}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ channel })}
    />
  );
}
