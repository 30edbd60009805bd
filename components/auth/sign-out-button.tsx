"use client";

import { LogOutIcon } from "lucide-react";
import { useSignOut } from "#components/auth/use-sign-out.ts";
import { Button } from "#components/ui/button.tsx";

export function SignOutButton() {
  const { busy, refusal, leave } = useSignOut();
  return (
    <>
      <span role="alert" className={refusal === null ? "sr-only" : "text-destructive"}>
        {refusal}
      </span>
      <Button variant="outline" size="sm" disabled={busy} onClick={leave}>
        <LogOutIcon aria-hidden />
        Sign out
      </Button>
    </>
  );
}
