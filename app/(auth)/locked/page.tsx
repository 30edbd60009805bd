import { MessagePage } from "#components/layout/message-page.tsx";
import { SignOutButton } from "#components/auth/sign-out-button.tsx";
import { requireLocked } from "#server/trpc/caller.ts";

export const metadata = { title: "Locked" };

/** All that a member sees whom an incident has shut out. */
export default async function LockedPage() {
  const message = await requireLocked();
  return (
    <MessagePage title="Access is locked" text={<p className="break-words">{message}</p>}>
      <SignOutButton />
    </MessagePage>
  );
}
