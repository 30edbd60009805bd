"use client";

import { useMutation } from "@tanstack/react-query";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import type { ConsoleToken } from "#server/tokens/console-schema.ts";

interface RevokeProps {
  onDone: () => void;
  onClose: () => void;
}

export function RevokeTokenDialog({ token, onDone, onClose }: RevokeProps & { token: ConsoleToken }) {
  const trpc = useTRPC();
  const revoke = useMutation(
    trpc.tokens.revoke.mutationOptions({
      onSuccess: ({ revoked }) => {
        toast(revoked ? `Token ${token.name} revoked` : `Token ${token.name} was revoked before`);
        onDone();
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={`Revoke token “${token.name}”?`}
      consequence={`Its next request is refused and its live connections are closed, everywhere. ${lastUse(token)} It cannot be undone.`}
      confirmLabel="Revoke token"
      typeName={token.name}
      busy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate({ id: token.id })}
    />
  );
}

export function RevokeFamilyDialog({
  token,
  size,
  onDone,
  onClose,
}: RevokeProps & { token: ConsoleToken; size: number }) {
  const trpc = useTRPC();
  const revoke = useMutation(
    trpc.tokens.revokeFamily.mutationOptions({
      onSuccess: ({ revoked }) => {
        toast(`${revoked.length} tokens of the family revoked`);
        onDone();
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={`Revoke the whole family of “${token.name}”?`}
      consequence={`All ${size} tokens that it came from and that came from it by rotation and refresh end at once. It cannot be undone.`}
      confirmLabel="Revoke family"
      typeName={token.name}
      busy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate({ id: token.id })}
    />
  );
}

const NAMED = 5;

export function RevokeManyDialog({
  live,
  ended,
  onDone,
  onClose,
}: RevokeProps & { live: readonly ConsoleToken[]; ended: readonly ConsoleToken[] }) {
  const trpc = useTRPC();
  const revoke = useMutation(
    trpc.tokens.revokeMany.mutationOptions({
      onSuccess: ({ revoked, skipped }) => {
        const left = skipped.length === 0 ? "" : `, ${skipped.length} skipped: they had ended or are gone`;
        toast(`${countOf(revoked.length)} revoked${left}`);
        onDone();
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      title={`Revoke ${countOf(live.length)}?`}
      consequence={
        <>
          <p>
            {live.length === 0
              ? "None of them works any more: there is nothing to revoke."
              : `${namesOf(live)} will be refused from the next request on. It cannot be undone.`}
          </p>
          {ended.length > 0 && live.length > 0 && <p>Skipped, because ended already: {namesOf(ended)}.</p>}
        </>
      }
      confirmLabel={`Revoke ${countOf(live.length)}`}
      typeName={`revoke ${live.length}`}
      busy={revoke.isPending || live.length === 0}
      error={revoke.error}
      onConfirm={() => revoke.mutate({ ids: live.map(({ id }) => id) })}
    />
  );
}

const countOf = (count: number): string => (count === 1 ? "1 token" : `${count} tokens`);

function namesOf(tokens: readonly ConsoleToken[]): string {
  const names = tokens.slice(0, NAMED).map(({ name }) => name);
  const more = tokens.length - names.length;
  return `${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function lastUse({ lastUsedAt, lastUsedAddress }: ConsoleToken): string {
  return lastUsedAt === null
    ? "It was never used."
    : `It was last used from ${lastUsedAddress ?? "an unknown address"}, ${lastUsedAt.toISOString().slice(0, 16).replace("T", " ")} UTC.`;
}
