"use client";

import { ActivitySection } from "#components/account/activity-section.tsx";
import { FactorsSection } from "#components/account/factors-section.tsx";
import { PasswordSection } from "#components/account/password-section.tsx";
import { ProfileSection } from "#components/account/profile-section.tsx";
import { SessionsSection } from "#components/account/sessions-section.tsx";
import { useViewer } from "#components/trpc/use-viewer.ts";
import { PageHeader } from "#components/ui/page-header.tsx";

/** Everything about the caller's own account. */
export function AccountScreen() {
  const viewer = useViewer();
  return (
    <div className="flex max-w-4xl flex-col gap-8">
      <PageHeader title="Account" description="Your name, what proves that it is you, and where you are signed in." />
      {viewer !== undefined && (
        <>
          <ProfileSection viewer={viewer} />
          <FactorsSection viewer={viewer} />
          <PasswordSection viewer={viewer} />
        </>
      )}
      <SessionsSection />
      <ActivitySection />
    </div>
  );
}
