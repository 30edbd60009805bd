"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";
import { isLongEnough, NewPasswordField } from "#components/auth/new-password-field.tsx";
import { PasswordField } from "#components/auth/password-field.tsx";
import { toast } from "#components/shared/toast.ts";
import { useMutationForm } from "#components/shared/use-mutation-form.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { Card, CardContent } from "#components/ui/card.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import { Section } from "#components/ui/section.tsx";
import type { Viewer } from "#server/account/schema.ts";

export function PasswordSection({ viewer }: { viewer: Viewer }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const form = useMutationForm(
    trpc.account.changePassword.mutationOptions({
      gcTime: 0,
      onSuccess: async () => {
        setCurrent("");
        setNext("");
        toast("Password changed; your other sessions ended");
        await queryClient.invalidateQueries(trpc.account.pathFilter());
      },
    }),
    ["current", "next"],
  );
  const isReady = current !== "" && isLongEnough(next);

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (isReady && !form.busy) {
      form.send({ current, next });
    }
  }

  return (
    <Section title="Password" description="A new password ends all your other sessions.">
      <Card>
        <CardContent className="py-4">
          <form {...form.formProps} onSubmit={submit} className="flex max-w-md flex-col gap-4">
            <FormError text={form.formError} />
            <input name="username" autoComplete="username" value={viewer.email ?? ""} readOnly hidden />
            <PasswordField
              label="Current password"
              name="current"
              autoComplete="current-password"
              error={form.errors.current}
              value={current}
              onChange={(event) => setCurrent(event.target.value)}
            />
            <NewPasswordField
              label="New password"
              name="next"
              value={next}
              onChange={setNext}
              error={form.errors.next}
            />
            <Button type="submit" variant="outline" className="self-start" disabled={!isReady || form.busy}>
              Change password
            </Button>
          </form>
        </CardContent>
      </Card>
    </Section>
  );
}
