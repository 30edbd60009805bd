"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import { useState } from "react";
import { simulateHref } from "#server/access/addresses.ts";
import { ChatFactor } from "#components/users/chat-factor.tsx";
import { LockLink } from "#components/incidents/lock-link.tsx";
import { SourceBadge } from "#components/policy/source-badge.tsx";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { UserForm } from "#components/users/user-form.tsx";
import { limitText, RoleOf } from "#components/users/user-table.tsx";
import { Absent } from "#components/ui/absent.tsx";
import { Button } from "#components/ui/button.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { DescriptionItem, DescriptionList } from "#components/ui/description-list.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Sheet, SheetBody, SheetContent, SheetDescription, SheetHeader, SheetTitle } from "#components/ui/sheet.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";
import { Time } from "#components/ui/time.tsx";
import type { UserRow } from "#server/access/users/schema.ts";

interface UserSheetProps {
  /** Null: a new record. */
  id: string | null;
  roles: readonly string[];
  inFile: boolean;
  canWrite: boolean;
  onClose: () => void;
}

export function UserSheet({ id, roles, inFile, canWrite, onClose }: UserSheetProps) {
  return (
    <Sheet open onOpenChange={(open) => (open ? undefined : onClose())}>
      <SheetContent>
        <SheetHeader>
          <SheetTitle className="break-all">{id ?? "New user"}</SheetTitle>
          <SheetDescription>
            {id === null
              ? "Gives a person a role of their own."
              : "Where the person's role and the bot's differ, both must allow: the narrower one wins."}
          </SheetDescription>
        </SheetHeader>
        <SheetBody>
          {id === null ? (
            <UserForm user={null} roles={roles} onClose={onClose} />
          ) : (
            <Existing id={id} roles={roles} readOnly={inFile || !canWrite} inFile={inFile} onClose={onClose} />
          )}
        </SheetBody>
      </SheetContent>
    </Sheet>
  );
}

interface ExistingProps {
  id: string;
  roles: readonly string[];
  readOnly: boolean;
  inFile: boolean;
  onClose: () => void;
}

function Existing({ id, roles, readOnly, inFile, onClose }: ExistingProps) {
  const trpc = useTRPC();
  const can = useCan();
  const [isDeleting, setDeleting] = useState(false);
  const { data, error, isFetching, refetch } = useQuery(trpc.users.detail.queryOptions({ id }, { staleTime: 0 }));
  const { data: activity } = useQuery(trpc.users.activity.queryOptions({ ids: [id] }));
  if (error !== null) {
    return (
      <ErrorState title="The user could not be read" error={error} busy={isFetching} onRetry={() => void refetch()} />
    );
  }
  if (data === undefined) {
    return <Skeleton className="h-64 shrink-0" />;
  }
  const { user } = data;
  const last = activity?.seen[0];
  return (
    <>
      {user === null && <p>There is no record of this id. It has the rights of the token that carries its messages.</p>}
      <DescriptionList>
        {user !== null && (
          <>
            <DescriptionItem name="Written in">
              <SourceBadge inFile={inFile} />
            </DescriptionItem>
            <DescriptionItem name="Role">
              <RoleOf user={user} />
            </DescriptionItem>
            <DescriptionItem name="Channels">
              {user.channels === null && "Of the role: "}
              {text(user.channels ?? data.roleChannels)}
            </DescriptionItem>
            <DescriptionItem name="Limit">{limitText(user) ?? <Absent />}</DescriptionItem>
            <DescriptionItem name="Console member">{user.memberId ?? <Absent text="none named" />}</DescriptionItem>
          </>
        )}
        <DescriptionItem name="Allowed by name on">{text(data.allowedOn)}</DescriptionItem>
        <DescriptionItem name="Blocked on">{text(data.blockedOn)}</DescriptionItem>
        <DescriptionItem name="Own live tokens">{data.tokens}</DescriptionItem>
        <DescriptionItem name="Last heard of">
          {last === undefined ? (
            <Absent text="never" />
          ) : (
            <>
              <Time value={last.at} /> <span className="font-mono text-xs">({last.event})</span>
            </>
          )}
        </DescriptionItem>
      </DescriptionList>
      <div className="flex flex-wrap gap-2">
        {can("audit:read") && (
          <Button asChild variant="outline" size="sm">
            <Link href={`/audit?q=${encodeURIComponent(`user:${id}`)}`}>Show on the record</Link>
          </Button>
        )}
        {can("policy:explain") && (
          <Button asChild variant="outline" size="sm">
            <Link href={simulateHref({ user: id, command: "status" })}>Effective permissions</Link>
          </Button>
        )}
        <LockLink kind="user" target={id} />
        {user !== null && !readOnly && (
          <Button variant="destructive-outline" size="sm" className="ml-auto" onClick={() => setDeleting(true)}>
            Delete user
          </Button>
        )}
      </div>
      {user !== null && <ChatFactor userId={id} readOnly={!can("users:write")} />}
      {user !== null && !readOnly && <UserForm key={user.revision} user={user} roles={roles} onClose={onClose} />}
      {isDeleting && user !== null && (
        <DeleteUser user={user} tokens={data.tokens} onClose={() => setDeleting(false)} onDeleted={onClose} />
      )}
    </>
  );
}

const text = (names: readonly string[]) =>
  names.length === 0 ? <Absent /> : names.includes("*") ? "every channel" : names.join(", ");

interface DeleteUserProps {
  user: UserRow;
  tokens: number;
  onClose: () => void;
  onDeleted: () => void;
}

function DeleteUser({ user, tokens, onClose, onDeleted }: DeleteUserProps) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const remove = useMutation(
    trpc.users.delete.mutationOptions({
      onSuccess: async () => {
        onDeleted();
        toast(`User ${user.id} deleted`);
        await queryClient.invalidateQueries(trpc.users.pathFilter());
      },
    }),
  );
  const own =
    tokens === 0 ? "" : ` ${tokens} live ${tokens === 1 ? "token speaks" : "tokens speak"} for this user still.`;
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={`Delete user "${user.id}"?`}
      consequence={`The person is not kept out: their messages then have the rights of the token that carries them, without role "${user.role}" and without a limit of their own.${own} To keep somebody out, block the id on the channel.`}
      confirmLabel="Delete user"
      typeName={user.id}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ id: user.id, seen: user.revision ?? "" })}
    />
  );
}
