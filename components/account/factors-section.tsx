"use client";

import { AppFactor } from "#components/account/app-factor.tsx";
import { PasskeyFactors } from "#components/account/passkey-factors.tsx";
import { RecoveryCodesRow } from "#components/account/recovery-codes-row.tsx";
import { Section } from "#components/ui/section.tsx";
import type { Viewer } from "#server/account/schema.ts";

/** What proves that it is you, beside the password. */
export function FactorsSection({ viewer }: { viewer: Viewer }) {
  return (
    <Section
      title="Second factors"
      description={
        viewer.mfaRequired
          ? "Your role needs at least one. Have two, so that a lost device does not lock you out."
          : "Not required for your role, but a stolen password then opens your account."
      }
    >
      <div className="divide-y rounded-lg border bg-card">
        <AppFactor viewer={viewer} />
        <PasskeyFactors viewer={viewer} />
        <RecoveryCodesRow viewer={viewer} />
      </div>
    </Section>
  );
}
