"use client";

import { useState } from "react";
import { signOut } from "#components/auth/auth-api.ts";
import { loadPage } from "#components/shared/load-page.ts";

/** Signs out and leaves for the sign-in page. `refusal` says why somebody is still signed in. */
export function useSignOut(): { busy: boolean; refusal: string | null; leave: () => void } {
  const [refusal, setRefusal] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function leave() {
    setBusy(true);
    setRefusal(null);
    const outcome = await signOut();
    if (outcome === null) {
      loadPage("/sign-in");
      return;
    }
    setRefusal(outcome);
    setBusy(false);
  }

  return { busy, refusal, leave: () => void leave() };
}
