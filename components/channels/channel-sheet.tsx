"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { LockLink } from "#components/incidents/lock-link.tsx";
import { ChannelForm } from "#components/channels/channel-form.tsx";
import { ChannelRules } from "#components/channels/channel-rules.tsx";
import { TestAccess } from "#components/channels/test-access.tsx";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Button } from "#components/ui/button.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { Sheet, SheetBody, SheetContent, SheetDescription, SheetHeader, SheetTitle } from "#components/ui/sheet.tsx";
import type { ChannelRow } from "#server/access/channels/schema.ts";

interface ChannelSheetProps {
  /** Null: rules for a channel that has none. */
  name: string | null;
  list: {
    channels: readonly ChannelRow[];
    withoutRules: readonly string[];
    roles: readonly string[];
    provisioned: { file: string; path: string } | null;
  };
  canWrite: boolean;
  onClose: () => void;
}

export function ChannelSheet({ name, list, canWrite, onClose }: ChannelSheetProps) {
  const can = useCan();
  const [isDeleting, setDeleting] = useState(false);
  // As it was when the sheet was opened: a refreshed list must not change what is being edited.
  const [channel] = useState(() => list.channels.find((row) => row.channel === name) ?? null);
  const readOnly = list.provisioned !== null || !canWrite;
  return (
    <Sheet open onOpenChange={(open) => (open ? undefined : onClose())}>
      <SheetContent onOpenAutoFocus={focusPanel}>
        <SheetHeader>
          <SheetTitle>{name === null ? "New channel rules" : `Channel ${name}`}</SheetTitle>
          <SheetDescription>A block beats every allow. Who is on no list stays outside.</SheetDescription>
        </SheetHeader>
        <SheetBody>
          {name !== null && channel === null && (
            <p>Channel {name} has no rules: every role that may use it is let in.</p>
          )}
          {channel !== null && readOnly && <ChannelRules channel={channel} />}
          {!readOnly && (channel !== null || name === null) && (
            <ChannelForm
              channel={channel}
              taken={list.channels.map((row) => row.channel)}
              suggestions={{ channels: list.withoutRules, roles: list.roles }}
              onClose={onClose}
            />
          )}
          {name !== null && can("policy:explain") && <TestAccess channel={name} />}
          {name !== null && (
            <div className="flex">
              <LockLink kind="channel" target={name} />
            </div>
          )}
          {channel !== null && !readOnly && (
            <Button variant="destructive-outline" size="sm" className="self-start" onClick={() => setDeleting(true)}>
              Delete channel rules
            </Button>
          )}
          {isDeleting && channel !== null && (
            <DeleteChannel channel={channel} onClose={() => setDeleting(false)} onDeleted={onClose} />
          )}
        </SheetBody>
      </SheetContent>
    </Sheet>
  );
}

/** Not the first control: in a filled form that is the cross that removes a name. */
function focusPanel(event: Event): void {
  event.preventDefault();
  if (event.target instanceof HTMLElement) {
    event.target.focus();
  }
}

interface DeleteChannelProps {
  channel: ChannelRow;
  onClose: () => void;
  onDeleted: () => void;
}

function DeleteChannel({ channel: { channel, blockedUsers, revision }, onClose, onDeleted }: DeleteChannelProps) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const remove = useMutation(
    trpc.channels.delete.mutationOptions({
      onSuccess: async () => {
        onDeleted();
        toast(`Rules of channel ${channel} deleted`);
        await queryClient.invalidateQueries(trpc.channels.pathFilter());
      },
    }),
  );
  const freed =
    blockedUsers.length === 0
      ? ""
      : ` ${blockedUsers.length} blocked ${blockedUsers.length === 1 ? "user is" : "users are"} let in again if their role may use it.`;
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={`Delete the rules of channel "${channel}"?`}
      consequence={`The channel stays open: every role that may use it is let in, with all of its commands.${freed}`}
      confirmLabel="Delete channel rules"
      typeName={channel}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ channel, seen: revision ?? "" })}
    />
  );
}
