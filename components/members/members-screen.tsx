"use client";

import { UserPlusIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { InvitationsSection } from "#components/members/invitations-section.tsx";
import { MembersSection } from "#components/members/members-section.tsx";
import { useOpenRow, useUrlFlag } from "#components/shared/url-state.ts";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Button } from "#components/ui/button.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";

const InviteSheet = dynamic(() => import("#components/members/invite-sheet.tsx").then((module) => module.InviteSheet));
const MemberSheet = dynamic(() => import("#components/members/member-sheet.tsx").then((module) => module.MemberSheet));

/** The people who may sign in to this console. */
export function MembersScreen() {
  const can = useCan();
  const mayWrite = can("members:write");
  const [isInviting, setInviting] = useUrlFlag("new");
  const [openId, setOpenId] = useOpenRow();
  return (
    <div className="flex flex-col gap-8">
      <PageHeader
        title="Members"
        description="Who may sign in to this console. What each may do follows from their role."
        actions={
          mayWrite && (
            <Button onClick={() => setInviting(true)}>
              <UserPlusIcon aria-hidden />
              Invite member
            </Button>
          )
        }
      />
      <MembersSection openId={openId} onOpen={(id) => void setOpenId(id)} />
      <InvitationsSection mayWrite={mayWrite} />
      {isInviting && mayWrite && <InviteSheet onClose={() => setInviting(false)} />}
      {openId !== null && <MemberSheet id={openId} mayWrite={mayWrite} onClose={() => void setOpenId(null)} />}
    </div>
  );
}
