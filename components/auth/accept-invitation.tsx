"use client";

import { useState, type SubmitEvent } from "react";
import { acceptInvitation } from "#components/auth/auth-api.ts";
import { isLongEnough, NewPasswordField } from "#components/auth/new-password-field.tsx";
import { RefusalAlert } from "#components/auth/refusal-alert.tsx";
import { SubmitButton } from "#components/auth/submit-button.tsx";
import { TextField } from "#components/auth/text-field.tsx";
import { useCountdown } from "#components/auth/use-countdown.ts";
import { MessagePage } from "#components/layout/message-page.tsx";
import { loadPage } from "#components/shared/load-page.ts";
import { PASSWORD_MIN } from "#server/auth/policy.ts";
import type { InvitationPreview } from "#server/auth/schema.ts";

interface AcceptInvitationProps {
  code: string;
  invitation: InvitationPreview;
  /** The link turned out to be good for nothing any more. */
  onVoid: (message: string) => void;
}

const NAME_MAX = 80;
const EMAIL_MAX = 254;

/** Name and password of a new account; the first administrator also says the e-mail. */
export function AcceptInvitation({ code, invitation, onVoid }: AcceptInvitationProps) {
  const [name, setName] = useState(invitation.name ?? "");
  const [typedEmail, setTypedEmail] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<{ message: string; field: string | null } | null>(null);
  const wait = useCountdown();
  const email = invitation.email ?? typedEmail.trim();
  const isReset = invitation.purpose === "password";
  const errorAt = (field: string): string | null => (refusal?.field === field ? refusal.message : null);

  async function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (busy || wait.left > 0) {
      return;
    }
    if (!isLongEnough(password)) {
      setRefusal({ field: "password", message: `Too short: use at least ${PASSWORD_MIN} characters.` });
      return;
    }
    setBusy(true);
    setRefusal(null);
    const outcome = await acceptInvitation({
      code,
      password,
      ...(isReset ? {} : { name: name.trim() }),
      ...(invitation.email === null ? { email } : {}),
    });
    if (outcome.kind === "done") {
      loadPage("/overview");
      return;
    }
    if (outcome.kind === "password_set") {
      loadPage("/sign-in?password-set");
      return;
    }
    setBusy(false);
    if (outcome.kind === "wait") {
      wait.start(outcome.seconds);
    } else if (outcome.kind === "refused" && outcome.reason === "LinkInvalid") {
      onVoid(outcome.message);
    } else if (outcome.kind === "refused") {
      setRefusal(outcome);
    }
  }

  return (
    <MessagePage title={titleOf(invitation)} text={textOf(invitation)}>
      <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-4">
        <RefusalAlert message={refusal?.field === null ? refusal.message : null} waitSeconds={wait.left} />
        {!isReset && (
          <TextField
            label="Your name"
            name="name"
            autoComplete="name"
            maxLength={NAME_MAX}
            required
            autoFocus
            error={errorAt("name")}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        )}
        <TextField
          label="E-mail"
          type="email"
          name="email"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={EMAIL_MAX}
          required
          hint={invitation.email === null ? "You sign in with it." : "The link is for this address."}
          readOnly={invitation.email !== null}
          error={errorAt("email")}
          value={invitation.email ?? typedEmail}
          onChange={(event) => setTypedEmail(event.target.value)}
        />
        <NewPasswordField
          label={isReset ? "New password" : "Password"}
          value={password}
          onChange={setPassword}
          error={errorAt("password")}
        />
        <SubmitButton
          busy={busy}
          label={isReset ? "Set password" : "Create account"}
          busyLabel={isReset ? "Setting the password" : "Creating the account"}
          disabled={wait.left > 0}
        />
      </form>
    </MessagePage>
  );
}

function titleOf({ firstAdmin, purpose }: InvitationPreview): string {
  if (purpose === "password") {
    return "Set a new password";
  }
  return firstAdmin ? "Create the first administrator" : "Accept the invitation";
}

function textOf({ firstAdmin, purpose, role }: InvitationPreview): string {
  if (purpose === "password") {
    return "Your old password and all your sessions end. Then sign in with the new one.";
  }
  return firstAdmin
    ? "This account may do everything in the console. Next you set up a second factor."
    : `You are invited as “${role}”. Choose a password; next you set up a second factor if your role needs one.`;
}
