"use client";

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { RoleSelect } from "#components/members/role-select.tsx";
import { useMemberChange } from "#components/members/use-member-change.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { Field } from "#components/ui/field.tsx";
import type { MemberDetails } from "#server/members/schema.ts";

/** Gives a member another role. */
export function MemberRoleForm({ member }: { member: MemberDetails }) {
  const trpc = useTRPC();
  const changed = useMemberChange();
  const [role, setRole] = useState(member.role);
  const [isAsking, setIsAsking] = useState(false);
  const setMemberRole = useMutation(
    trpc.members.setRole.mutationOptions({
      onSuccess: () => {
        setIsAsking(false);
        return changed("Role changed");
      },
    }),
  );
  return (
    <div className="flex flex-wrap items-end gap-2">
      <Field label="Role" className="min-w-48 flex-1">
        <RoleSelect name="role" value={role} onChange={(event) => setRole(event.target.value)} />
      </Field>
      <Button variant="outline" disabled={role === member.role} onClick={() => setIsAsking(true)}>
        Change role
      </Button>
      <ConfirmDialog
        open={isAsking}
        onOpenChange={(open) => {
          setIsAsking(open);
          setMemberRole.reset();
        }}
        title={`Change the role of ${member.name} to “${role}”?`}
        consequence={`${member.name} loses the rights of “${member.role}” and gets those of “${role}”. ${sessionsEnd(member.sessions)}`}
        confirmLabel="Change role"
        busy={setMemberRole.isPending}
        error={setMemberRole.error}
        onConfirm={() => setMemberRole.mutate({ id: member.id, role })}
      />
    </div>
  );
}

/** What a change does to the member's open sessions. */
export function sessionsEnd(sessions: number): string {
  switch (sessions) {
    case 0:
      return "No session is open.";
    case 1:
      return "Their open session ends with the next click.";
    default:
      return `Their ${sessions} open sessions end with the next click.`;
  }
}
