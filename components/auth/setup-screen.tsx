"use client";

import { useEffect, useState } from "react";
import { hasSession, readInvitation } from "#components/auth/auth-api.ts";
import { AcceptInvitation } from "#components/auth/accept-invitation.tsx";
import { LinkForm } from "#components/auth/link-form.tsx";
import { useCountdown } from "#components/auth/use-countdown.ts";
import { MessagePage } from "#components/layout/message-page.tsx";
import { loadPage } from "#components/shared/load-page.ts";
import type { InvitationPreview } from "#server/auth/schema.ts";

/** A link as it is pasted: what follows the last `#`, or all of it when only the code was copied. */
const codeOf = (text: string): string => text.trim().split("#").at(-1) ?? "";

/**
 * Accepts a set-up link or an invitation. The code arrives in the fragment, which browsers keep to themselves; it is taken out of the address
 * bar (and so out of the history) before anything else happens, and lives in this page's memory until the account is made.
 */
export function SetupScreen() {
  const [link, setLink] = useState<{ code: string; invitation: InvitationPreview } | null>(null);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const wait = useCountdown();
  const { start } = wait;

  useEffect(() => {
    function takeCode(): boolean {
      const code = codeOf(window.location.hash);
      if (code === "") {
        return false;
      }
      window.history.replaceState(null, "", window.location.pathname);
      void look(code);
      return true;
    }
    if (!takeCode()) {
      // A strict cookie does not travel with a link from elsewhere: whoever arrives that way may be signed in all the same.
      void hasSession().then((signedIn) => {
        if (signedIn) {
          loadPage("/overview");
        }
      });
    }
    // A link pasted while this page is open changes the fragment only and loads nothing.
    window.addEventListener("hashchange", takeCode);
    return () => window.removeEventListener("hashchange", takeCode);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only states are set, which never change
  }, []);

  async function look(code: string) {
    setBusy(true);
    setRefusal(null);
    const found = await readInvitation(code);
    setBusy(false);
    if (!("kind" in found)) {
      setLink({ code, invitation: found });
    } else if (found.kind === "wait") {
      start(found.seconds);
    } else {
      setRefusal(found.kind === "refused" ? found.message : null);
    }
  }

  if (link !== null) {
    return (
      <AcceptInvitation
        {...link}
        onVoid={(message) => {
          setLink(null);
          setRefusal(message);
        }}
      />
    );
  }
  return (
    <MessagePage title="Set up your account" text="Open the one-time link you were given, or paste it here.">
      <LinkForm busy={busy} refusal={refusal} waitSeconds={wait.left} onSubmit={(text) => void look(codeOf(text))} />
    </MessagePage>
  );
}
