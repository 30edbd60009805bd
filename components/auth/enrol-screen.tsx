"use client";
import { KeyRoundIcon, SmartphoneIcon, type LucideIcon } from "lucide-react";
import { useState } from "react";
import { EnrolApp } from "#components/auth/enrol-app.tsx";
import { EnrolPasskey } from "#components/auth/enrol-passkey.tsx";
import { RecoveryCodes } from "#components/auth/recovery-codes.tsx";
import { SignOutButton } from "#components/auth/sign-out-button.tsx";
import { usePasskeysWork } from "#components/auth/use-passkeys-work.ts";
import { MessagePage } from "#components/layout/message-page.tsx";
import { loadPage } from "#components/shared/load-page.ts";
import { useViewer } from "#components/trpc/use-viewer.ts";
import { Button } from "#components/ui/button.tsx";
import { localPath } from "#server/auth/policy.ts";

interface EnrolScreenProps {
  /** The page that was asked for, unchecked. */
  next: string | undefined;
}

/** Enrols the second factor that the role asks for. Nothing else of the console is open until that is done. */
export function EnrolScreen({ next }: EnrolScreenProps) {
  const viewer = useViewer();
  const [way, setWay] = useState<"app" | "passkey" | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const account = viewer?.email ?? "";
  const finish = () => loadPage(localPath(next));

  if (codes !== null) {
    return (
      <MessagePage title="Save your recovery codes" text="Your second factor is set up.">
        <RecoveryCodes codes={codes} account={account} doneLabel="Finish" onDone={finish} />
      </MessagePage>
    );
  }
  if (way === "app") {
    return (
      <MessagePage title="Set up an authenticator app" text="It takes a minute and an app on your phone or computer.">
        <EnrolApp account={account} onCodes={setCodes} onBack={() => setWay(null)} />
      </MessagePage>
    );
  }
  if (way === "passkey") {
    return (
      <MessagePage
        title="Set up a passkey"
        text="Your device, phone or security key proves it is you. It replaces password and code when you sign in."
      >
        <EnrolPasskey onDone={(made) => (made.length === 0 ? finish() : setCodes(made))} onBack={() => setWay(null)} />
      </MessagePage>
    );
  }
  return (
    <MessagePage
      title="Set up a second factor"
      text={
        <>
          A stolen password alone must not open this console, so your role
          {viewer !== undefined && <> “{viewer.role}”</>} asks for a second proof. Choose one; you can add more later.
        </>
      }
    >
      <Ways onChoose={setWay} />
      <div className="mt-6 flex flex-wrap items-center justify-between gap-2 border-t pt-4 text-muted-foreground">
        <span className="min-w-0 break-all">{account}</span>
        <SignOutButton />
      </div>
    </MessagePage>
  );
}

function Ways({ onChoose }: { onChoose: (way: "app" | "passkey") => void }) {
  const passkeys = usePasskeysWork();
  return (
    <ul className="flex flex-col gap-3">
      <Way
        icon={SmartphoneIcon}
        label="Set up authenticator app"
        text="An app shows a new six-digit code every 30 seconds. Works everywhere, also without network."
        onChoose={() => onChoose("app")}
      />
      <Way
        icon={KeyRoundIcon}
        label="Set up passkey"
        text={
          passkeys
            ? "Fingerprint, face, PIN or a security key. Cannot be phished, and you sign in without password."
            : "Not possible here: open the console under a host name (HTTPS or localhost) in a browser that knows passkeys."
        }
        disabled={!passkeys}
        onChoose={() => onChoose("passkey")}
      />
    </ul>
  );
}

interface WayProps {
  icon: LucideIcon;
  label: string;
  text: string;
  disabled?: boolean;
  onChoose: () => void;
}

function Way({ icon: Icon, label, text, disabled = false, onChoose }: WayProps) {
  return (
    <li className="flex flex-col items-start gap-3 rounded-lg border bg-card p-4">
      <p className="flex gap-3 text-muted-foreground">
        <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
        {text}
      </p>
      <Button variant="outline" disabled={disabled} onClick={onChoose}>
        {label}
      </Button>
    </li>
  );
}
