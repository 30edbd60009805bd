"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import type { RoleHolders, RoleRow } from "#server/access/roles/schema.ts";

interface DeleteRoleDialogProps {
  role: RoleRow;
  onClose: () => void;
  onDeleted: () => void;
}

export function DeleteRoleDialog({ role, onClose, onDeleted }: DeleteRoleDialogProps) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const { data: holders } = useQuery(trpc.roles.holders.queryOptions({ name: role.name }, { staleTime: 0 }));
  const remove = useMutation(
    trpc.roles.delete.mutationOptions({
      onSuccess: async () => {
        onDeleted();
        toast(`Role ${role.name} deleted`);
        await queryClient.invalidateQueries(trpc.roles.pathFilter());
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={`Delete role "${role.name}"?`}
      consequence={holders === undefined ? "Looking who has it …" : consequenceOf(holders)}
      confirmLabel="Delete role"
      typeName={role.name}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ name: role.name, seen: role.revision ?? "" })}
    />
  );
}

function consequenceOf({ users, tokens, members }: RoleHolders): string {
  const without = [
    ...(users.count === 0 ? [] : [`the users ${some(users.named, users.count)}`]),
    ...(tokens.count === 0
      ? []
      : [
          `the live tokens ${some(
            tokens.named.map(({ name }) => name),
            tokens.count,
          )}`,
        ]),
    ...(members.count === 0 ? [] : [`the members ${some(members.named, members.count)}`]),
  ];
  return without.length === 0
    ? "Nobody has it today. Lists of channels that name it let nobody in by it any more. It cannot be brought back."
    : `It would leave without a role: ${without.join("; ")}. It is not deleted before they have another one or are gone.`;
}

function some(names: readonly string[], count: number): string {
  const shown = names.slice(0, 5);
  return count > shown.length ? `${shown.join(", ")} and ${count - shown.length} more` : shown.join(", ");
}
