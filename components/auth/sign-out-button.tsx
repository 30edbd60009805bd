"use client";

import { LogOutIcon } from "lucide-react";
import { useState } from "react";
import { signOut } from "#components/auth/auth-api.ts";
import { loadPage } from "#components/shared/load-page.ts";
import { Button } from "#components/ui/button.tsx";

export function SignOutButton() {
  const [refusal, setRefusal] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function leave() {
    setBusy(true);
    const outcome = await signOut();
    if (outcome === null) {
      loadPage("/setup");
      return;
    }
    setRefusal(outcome);
    setBusy(false);
  }

  return (
    <>
      <span role="alert" className={refusal === null ? "sr-only" : "text-destructive max-sm:sr-only"}>
        {refusal}
      </span>
      <Button variant="outline" size="sm" disabled={busy} onClick={() => void leave()}>
        <LogOutIcon aria-hidden />
        <span className="max-sm:sr-only">Sign out</span>
      </Button>
    </>
  );
}
