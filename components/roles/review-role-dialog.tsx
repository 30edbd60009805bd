"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { LoaderCircleIcon, MinusIcon, OctagonXIcon, PlusIcon, TriangleAlertIcon } from "lucide-react";
import { meanwhileOf, StaleNotice } from "#components/policy/stale-notice.tsx";
import { errorText } from "#components/shared/error-text.ts";
import { PERMISSION_MEANINGS } from "#components/shared/permission-meanings.ts";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Alert } from "#components/ui/alert.tsx";
import { Button } from "#components/ui/button.tsx";
import {
  Dialog,
  DialogContent,
  DialogDescription,
  DialogFooter,
  DialogHeader,
  DialogTitle,
} from "#components/ui/dialog.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";
import type { RolePreview } from "#server/access/roles/schema.ts";

export interface RoleDraft {
  name: string;
  permissions: string[];
  channels: string[];
  commands: string[];
}

interface ReviewRoleDialogProps {
  draft: RoleDraft;
  /** The stored role as the editor saw it. */
  seen: string | null;
  isNew: boolean;
  onKeepMine: (revision: string | null) => void;
  onClose: () => void;
  onDiscard: () => void;
  onSaved: () => void;
}

/** What a save would change and for whom; only from here can it be made. */
export function ReviewRoleDialog({ draft, seen, isNew, onKeepMine, ...on }: ReviewRoleDialogProps) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const preview = useQuery(trpc.roles.preview.queryOptions(draft, { staleTime: 0 }));
  const save = useMutation(
    trpc.roles.save.mutationOptions({
      onSuccess: async () => {
        await queryClient.invalidateQueries(trpc.roles.pathFilter());
        toast(isNew ? `Role ${draft.name} made` : `Role ${draft.name} saved`);
        on.onSaved();
      },
    }),
  );
  const meanwhile = meanwhileOf(save.error);
  const { data } = preview;

  async function discard() {
    await queryClient.invalidateQueries(trpc.roles.pathFilter());
    on.onDiscard();
  }

  return (
    <Dialog open onOpenChange={(open) => (open || save.isPending ? undefined : on.onClose())}>
      <DialogContent className="max-w-2xl">
        <DialogHeader>
          <DialogTitle>{isNew ? `Make role ${draft.name}?` : `Change role ${draft.name}?`}</DialogTitle>
          <DialogDescription>It is in force at once, for messages that are on their way too.</DialogDescription>
        </DialogHeader>
        {preview.error !== null && (
          <ErrorState
            title="The change could not be checked"
            error={preview.error}
            busy={preview.isFetching}
            onRetry={() => void preview.refetch()}
          />
        )}
        {data === undefined && preview.error === null && (
          <div role="status">
            <span className="sr-only">Checking the change</span>
            <Skeleton className="h-32" />
          </div>
        )}
        {data !== undefined && <Preview preview={data} name={draft.name} />}
        {meanwhile !== null ? (
          <StaleNotice
            noun="role"
            meanwhile={meanwhile}
            mine={draft}
            onTakeTheirs={() => void discard()}
            onKeepMine={(revision) => {
              onKeepMine(revision);
              save.reset();
              void preview.refetch();
            }}
          />
        ) : (
          save.error !== null && <Refusal message={errorText(save.error)} />
        )}
        <DialogFooter>
          <Button variant="outline" disabled={save.isPending} onClick={on.onClose}>
            Go on editing
          </Button>
          <Button
            disabled={data === undefined || data.refused !== null || save.isPending || meanwhile !== null}
            onClick={() => save.mutate({ ...draft, seen })}
          >
            {save.isPending && <LoaderCircleIcon aria-hidden className="animate-spin" />}
            Save role
          </Button>
        </DialogFooter>
      </DialogContent>
    </Dialog>
  );
}

function Refusal({ message }: { message: string }) {
  return (
    <Alert variant="destructive" role="alert">
      <OctagonXIcon aria-hidden />
      <p className="min-w-0 break-words">{message}</p>
    </Alert>
  );
}

function Preview({ preview, name }: { preview: RolePreview; name: string }) {
  const { permissions, channels, commands, refused, own } = preview;
  const parts = [
    { title: "Permissions", change: permissions },
    { title: "Channels", change: channels },
    { title: "Commands", change: commands },
  ].filter(({ change }) => change.gained.length + change.lost.length > 0);
  return (
    <>
      {refused !== null && <Refusal message={refused.message} />}
      {own && permissions.lost.length > 0 && (
        <Alert variant="warning">
          <TriangleAlertIcon aria-hidden />
          <p className="min-w-0">
            This is your own role: you lose {permissions.lost.length}{" "}
            {permissions.lost.length === 1 ? "permission" : "permissions"} with it.
          </p>
        </Alert>
      )}
      {parts.length === 0 && <p>Nobody gains or loses anything today: only the way it is written changes.</p>}
      {parts.map(({ title, change }) => (
        <section key={title} aria-label={`${title} that change`}>
          <h3 className="font-medium">{title}</h3>
          <ul className="mt-1 flex flex-col">
            {change.gained.map((entry) => (
              <Change key={entry} gained entry={entry} />
            ))}
            {change.lost.map((entry) => (
              <Change key={entry} gained={false} entry={entry} />
            ))}
          </ul>
        </section>
      ))}
      <Affected preview={preview} name={name} />
    </>
  );
}

function Change({ gained, entry }: { gained: boolean; entry: string }) {
  const meaning = Object.entries(PERMISSION_MEANINGS).find(([permission]) => permission === entry)?.[1];
  const Icon = gained ? PlusIcon : MinusIcon;
  return (
    <li className="flex min-w-0 items-start gap-2">
      <Icon aria-hidden className={`mt-0.5 size-4 shrink-0 ${gained ? "text-success" : "text-destructive"}`} />
      <span className="min-w-0 break-words">
        {gained ? "Gains" : "Loses"} <code className="font-mono text-xs">{entry === "*" ? "* (all)" : entry}</code>
        {meaning !== undefined && <span className="text-muted-foreground"> {meaning}</span>}
      </span>
    </li>
  );
}

function Affected({ preview: { holders, tokensUntouched }, name }: { preview: RolePreview; name: string }) {
  const { users, tokens, members } = holders;
  const total = users.count + tokens.count + members.count;
  return (
    <section aria-label="Who is affected">
      <h3 className="font-medium">Who is affected</h3>
      {total === 0 ? (
        <p className="text-muted-foreground">Nobody has role {name} today.</p>
      ) : (
        <ul className="text-muted-foreground">
          <Holders noun="user" holders={users} />
          <Holders noun="live token" holders={{ ...tokens, named: tokens.named.map((token) => token.name) }} />
          {tokensUntouched > 0 && (
            <li>
              Of the tokens, {tokensUntouched} {tokensUntouched === 1 ? "is" : "are"} not touched: their own scopes and
              channels are narrower.
            </li>
          )}
          <Holders noun="member of this console" plural="members of this console" holders={members} />
        </ul>
      )}
    </section>
  );
}

interface HoldersProps {
  noun: string;
  plural?: string;
  holders: { count: number; named: readonly string[] };
}

function Holders({ noun, plural = `${noun}s`, holders: { count, named } }: HoldersProps) {
  if (count === 0) {
    return null;
  }
  const more = count > named.length ? ` and ${count - named.length} more` : "";
  return (
    <li className="break-words">
      {count} {count === 1 ? noun : plural}: {named.join(", ")}
      {more}
    </li>
  );
}
