"use client";

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { LockLink } from "#components/incidents/lock-link.tsx";
import { factorsText } from "#components/members/member-columns.tsx";
import { sessionsEnd } from "#components/members/member-role-form.tsx";
import { useMemberChange } from "#components/members/use-member-change.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import type { MemberDetails } from "#server/members/schema.ts";

/** Shuts a member out or lets them in again, and helps one who lost their second factor. */
export function MemberAccess({ member }: { member: MemberDetails }) {
  const trpc = useTRPC();
  const changed = useMemberChange();
  const [asking, setAsking] = useState<"disable" | "enable" | "reset" | null>(null);
  const done = (notice: string) => {
    setAsking(null);
    return changed(notice);
  };
  const disable = useMutation(trpc.members.disable.mutationOptions({ onSuccess: () => done("Member disabled") }));
  const enable = useMutation(trpc.members.enable.mutationOptions({ onSuccess: () => done("Member enabled") }));
  const reset = useMutation(
    trpc.members.resetFactors.mutationOptions({ onSuccess: () => done("Second factors reset") }),
  );
  const { id, name, email, secondFactors } = member;
  const dialogOf = (which: typeof asking, mutation: typeof disable) => ({
    open: asking === which,
    onOpenChange: (open: boolean) => {
      setAsking(open ? which : null);
      mutation.reset();
    },
    busy: mutation.isPending,
    error: mutation.error,
    onConfirm: () => mutation.mutate({ id }),
  });

  return (
    <div className="flex flex-wrap gap-2">
      {member.state === "active" ? (
        <Button variant="destructive-outline" size="sm" onClick={() => setAsking("disable")}>
          Disable member
        </Button>
      ) : (
        <Button variant="outline" size="sm" onClick={() => setAsking("enable")}>
          Enable member
        </Button>
      )}
      <Button
        variant="destructive-outline"
        size="sm"
        disabled={secondFactors.length === 0}
        title={secondFactors.length === 0 ? "There is no second factor to reset" : undefined}
        onClick={() => setAsking("reset")}
      >
        Reset second factors
      </Button>
      <LockLink kind="member" target={email} />
      <ConfirmDialog
        {...dialogOf("disable", disable)}
        title={`Disable ${name}?`}
        consequence={`${sessionsEnd(member.sessions)} ${email} cannot sign in until somebody enables them again. Their runs and API tokens go on: end those separately.`}
        confirmLabel="Disable member"
      />
      <ConfirmDialog
        {...dialogOf("enable", enable)}
        title={`Enable ${name}?`}
        consequence={`${email} can sign in again, as “${member.role}”.`}
        confirmLabel="Enable member"
        harmless
      />
      <ConfirmDialog
        {...dialogOf("reset", reset)}
        title={`Reset the second factors of ${name}?`}
        consequence={
          <>
            <p>
              Removed: {factorsText(secondFactors)}, and all recovery codes. {sessionsEnd(member.sessions)} Until{" "}
              {email} has set up a new factor, the password alone opens that account.
            </p>
            <p className="mt-2 font-medium text-foreground">
              Make sure first, by a way other than e-mail, that it is really they who ask.
            </p>
          </>
        }
        confirmLabel="Reset second factors"
        typeName={email}
      />
    </div>
  );
}
