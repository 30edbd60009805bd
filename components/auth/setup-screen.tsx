"use client";

import { LoaderCircleIcon, OctagonXIcon } from "lucide-react";
import { useEffect, useId, useState, type SubmitEvent } from "react";
import { hasSession, signIn } from "#components/auth/auth-api.ts";
import { MessagePage } from "#components/layout/message-page.tsx";
import { CommandLine } from "#components/shared/command-line.tsx";
import { loadPage } from "#components/shared/load-page.ts";
import { Alert } from "#components/ui/alert.tsx";
import { Button } from "#components/ui/button.tsx";
import { Input } from "#components/ui/input.tsx";

/**
 * Sign-in by set-up link. The code arrives in the fragment, which browsers keep to themselves; it is taken out of the address bar (and so
 * out of the history) before anything else happens.
 */
export function SetupScreen({ sessionEnded }: { sessionEnded: boolean }) {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const ids = { code: useId(), hint: useId(), refusal: useId() };

  async function enter(code: string) {
    setBusy(true);
    setRefusal(null);
    const outcome = await signIn(code);
    if (outcome === null) {
      loadPage("/overview");
      return;
    }
    setRefusal(outcome);
    setBusy(false);
  }

  useEffect(() => {
    function takeCode(): boolean {
      const code = window.location.hash.slice(1);
      if (code === "") {
        return false;
      }
      window.history.replaceState(null, "", window.location.pathname);
      void enter(code);
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
  }, []);

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const code = new FormData(event.currentTarget).get("code");
    void enter(typeof code === "string" ? code : "");
  }

  return (
    <MessagePage
      title="Open the console"
      text={
        sessionEnded && refusal === null
          ? "Your session has ended. Sign in again with a new one-time link."
          : "Use the one-time link that the gateway printed when it started."
      }
    >
      <form onSubmit={submit} className="flex flex-col gap-3">
        {refusal !== null && (
          <Alert variant="destructive" role="alert" id={ids.refusal}>
            <OctagonXIcon aria-hidden />
            <p>{refusal}</p>
          </Alert>
        )}
        <label htmlFor={ids.code} className="font-medium">
          Link or set-up code
        </label>
        <Input
          id={ids.code}
          name="code"
          required
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={400}
          aria-invalid={refusal !== null}
          aria-describedby={refusal === null ? ids.hint : `${ids.refusal} ${ids.hint}`}
          className="font-mono"
        />
        <Button type="submit" disabled={busy}>
          {busy && <LoaderCircleIcon aria-hidden className="animate-spin" />}
          {busy ? "Signing in" : "Sign in"}
        </Button>
        <span role="status" className="sr-only">
          {busy ? "Signing in" : ""}
        </span>
        <div id={ids.hint} className="mt-3 flex flex-col gap-2 text-muted-foreground">
          <p>A link works once, for 30 minutes. For a new one, run this on the gateway&apos;s machine:</p>
          <CommandLine command="./openclaw console link" />
        </div>
      </form>
      <noscript>
        <p className="mt-3 text-destructive">Signing in needs JavaScript. Switch it on for this address.</p>
      </noscript>
    </MessagePage>
  );
}
