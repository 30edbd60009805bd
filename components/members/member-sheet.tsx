"use client";

import { useQuery } from "@tanstack/react-query";
import { MemberAccess } from "#components/members/member-access.tsx";
import { factorsText, MemberRole, MemberState } from "#components/members/member-columns.tsx";
import { MemberRoleForm } from "#components/members/member-role-form.tsx";
import { MemberSessions } from "#components/members/member-sessions.tsx";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useViewer } from "#components/trpc/use-viewer.ts";
import { Absent } from "#components/ui/absent.tsx";
import { Alert } from "#components/ui/alert.tsx";
import { DescriptionItem, DescriptionList } from "#components/ui/description-list.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Sheet, SheetBody, SheetContent, SheetDescription, SheetHeader, SheetTitle } from "#components/ui/sheet.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";
import { Time } from "#components/ui/time.tsx";
import type { MemberDetails } from "#server/members/schema.ts";

interface MemberSheetProps {
  id: string;
  mayWrite: boolean;
  onClose: () => void;
}

const REFRESH_MS = 5_000;

/** One member: what they are, where they are signed in, and what can be done about it. */
export function MemberSheet({ id, mayWrite, onClose }: MemberSheetProps) {
  const trpc = useTRPC();
  const viewer = useViewer();
  const member = useQuery(trpc.members.byId.queryOptions({ id }, { refetchInterval: REFRESH_MS }));
  const isSelf = viewer?.memberId === id;
  return (
    <Sheet open onOpenChange={(open) => (open ? undefined : onClose())}>
      <SheetContent>
        <SheetHeader>
          <SheetTitle>{member.data?.name ?? "Member"}</SheetTitle>
          <SheetDescription>{member.data?.email ?? "Loading"}</SheetDescription>
        </SheetHeader>
        <SheetBody className="gap-6">
          {member.error !== null && (
            <ErrorState
              title="The member could not be read"
              error={member.error}
              busy={member.isFetching}
              onRetry={() => void member.refetch()}
            />
          )}
          {member.isPending && (
            <div role="status">
              <span className="sr-only">Loading member</span>
              <Skeleton className="h-40" />
            </div>
          )}
          {member.data !== undefined && (
            <>
              <Facts member={member.data} />
              {isSelf && mayWrite && (
                <Alert>
                  <p>
                    This is you. Your name, password and factors are under Account; role and state are changed by
                    another administrator.
                  </p>
                </Alert>
              )}
              {mayWrite && !isSelf && (
                <>
                  <MemberRoleForm member={member.data} />
                  <MemberAccess member={member.data} />
                </>
              )}
              <MemberSessions member={member.data} mayEnd={mayWrite && !isSelf} />
            </>
          )}
        </SheetBody>
      </SheetContent>
    </Sheet>
  );
}

function Facts({ member }: { member: MemberDetails }) {
  return (
    <DescriptionList>
      <DescriptionItem name="State">
        <MemberState state={member.state} />
      </DescriptionItem>
      <DescriptionItem name="Role">
        <MemberRole {...member} />
      </DescriptionItem>
      <DescriptionItem name="Second factor">{factorsText(member.secondFactors)}</DescriptionItem>
      <DescriptionItem name="Recovery codes">{`${member.recoveryCodesLeft} left`}</DescriptionItem>
      <DescriptionItem name="Member since">
        <Time value={member.createdAt} />
      </DescriptionItem>
      <DescriptionItem name="Last sign-in">
        {member.lastSignInAt === null ? <Absent text="never" /> : <Time value={member.lastSignInAt} />}
      </DescriptionItem>
      <DescriptionItem name="Id" mono>
        {member.id}
      </DescriptionItem>
    </DescriptionList>
  );
}
