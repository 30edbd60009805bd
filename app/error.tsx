"use client";

import { MessagePage } from "#components/layout/message-page.tsx";
import { Button } from "#components/ui/button.tsx";

/** Shown when a page fails to render. The digest is the name under which the server logged the cause. */
export default function ErrorPage({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  return (
    <MessagePage
      title="This page could not be shown"
      text={`The gateway failed while it prepared the page. Try again; if it fails again, look for ${error.digest ?? "this time"} in the server's log.`}
    >
      <Button onClick={reset}>Try again</Button>
    </MessagePage>
  );
}
