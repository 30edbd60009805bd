"use client";

import { useSignOut } from "#components/auth/use-sign-out.ts";
import { Button } from "#components/ui/button.tsx";

/** The way out where there is no menu. */
export function SignOutButton() {
  const { busy, refusal, leave } = useSignOut();
  return (
    <div className="flex flex-wrap items-center gap-3">
      <Button variant="outline" disabled={busy} onClick={leave}>
        Sign out
      </Button>
      <span role="alert" className="text-destructive">
        {refusal}
      </span>
    </div>
  );
}
