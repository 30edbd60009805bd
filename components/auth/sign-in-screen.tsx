"use client";
import { useEffect, useState } from "react";
import { hasSession, passkeyOptions, signInWithPassword, signInWithPasskey } from "#components/auth/auth-api.ts";
import type { SecondFactor, SignInOutcome } from "#components/auth/auth-api.ts";
import { askForPasskey } from "#components/auth/passkey.ts";
import { PasswordStep } from "#components/auth/password-step.tsx";
import { SecondFactorStep, type SecondProof } from "#components/auth/second-factor-step.tsx";
import { useCountdown } from "#components/auth/use-countdown.ts";
import { MessagePage } from "#components/layout/message-page.tsx";
import { loadPage } from "#components/shared/load-page.ts";
import { localPath } from "#server/auth/policy.ts";

interface SignInScreenProps {
  /** What brought the browser here, where it is worth saying. */
  notice: SignInNotice | null;
  /** The page that was asked for, unchecked. */
  next: string | undefined;
}

export type SignInNotice = "ended" | "again" | "password-set";

const NOTICES: Readonly<Record<SignInNotice, string>> = {
  ended: "Your session has ended. Sign in again to go on where you were.",
  again: "Sign in again, then go on in the other tab.",
  "password-set": "Your new password is set. Sign in with it.",
};

/** The password, kept in this page's memory between the two steps and nowhere else. */
interface FirstProof {
  email: string;
  password: string;
}

/** Sign-in: password, then a second factor; or a passkey, which is both. */
export function SignInScreen({ notice, next }: SignInScreenProps) {
  const [first, setFirst] = useState<(FirstProof & { methods: readonly SecondFactor[] }) | null>(null);
  const [busy, setBusy] = useState<"password" | "passkey" | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const wait = useCountdown();

  useEffect(() => {
    if (notice === "again") {
      return;
    }
    // A strict cookie does not travel with a link from elsewhere: whoever arrives that way may be signed in all the same.
    void hasSession().then((signedIn) => {
      if (signedIn) {
        loadPage(localPath(next));
      }
    });
  }, [next, notice]);

  function begin(way: "password" | "passkey") {
    setBusy(way);
    setRefusal(null);
  }

  /** @returns whether the browser goes on to the console. */
  function settle(outcome: SignInOutcome, tried: FirstProof | null): boolean {
    if (outcome.kind === "done") {
      loadPage(localPath(next));
      return true;
    }
    setBusy(null);
    if (outcome.kind === "wait") {
      wait.start(outcome.seconds);
    } else if (outcome.kind === "second_factor") {
      setFirst(tried === null ? null : { ...tried, methods: outcome.methods });
    } else if (outcome.kind === "refused") {
      setRefusal(outcome.message);
      if (outcome.reason === "CredentialsInvalid") {
        setFirst(null);
      }
    }
    return false;
  }

  async function givePassword(proof: FirstProof) {
    begin("password");
    settle(await signInWithPassword(proof), proof);
  }

  async function giveSecond(proof: SecondProof): Promise<boolean> {
    if (first === null) {
      return false;
    }
    begin("password");
    const { email, password } = first;
    return settle(await signInWithPassword({ email, password, ...proof }), first);
  }

  async function givePasskey() {
    begin("passkey");
    const challenge = await passkeyOptions();
    if (challenge.kind !== "options") {
      settle(challenge, null);
      return;
    }
    const answer = await askForPasskey(challenge.options);
    if (answer.ok) {
      settle(await signInWithPasskey(answer.response), null);
    } else {
      setRefusal(answer.message);
      setBusy(null);
    }
  }

  const shared = { busy, refusal, waitSeconds: wait.left, onPasskey: () => void givePasskey() };
  return first === null ? (
    <MessagePage title="Sign in" text={notice === null || refusal !== null ? null : NOTICES[notice]}>
      <PasswordStep {...shared} onSubmit={(proof) => void givePassword(proof)} />
    </MessagePage>
  ) : (
    <MessagePage
      title="Second step"
      text={
        <>
          Your password is right. Now prove that you are{" "}
          <strong className="break-words text-foreground">{first.email}</strong>.
        </>
      }
    >
      <SecondFactorStep
        {...shared}
        methods={first.methods}
        onSubmit={giveSecond}
        onBack={() => {
          setFirst(null);
          setRefusal(null);
        }}
      />
    </MessagePage>
  );
}
