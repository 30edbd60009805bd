"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { TextField } from "#components/auth/text-field.tsx";
import { RoleSelect } from "#components/members/role-select.tsx";
import { FormSheet } from "#components/shared/form-sheet.tsx";
import { useMutationForm } from "#components/shared/use-mutation-form.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Field } from "#components/ui/field.tsx";
import { SecretOnceDialog } from "#components/ui/secret-once-dialog.tsx";
import { Time } from "#components/ui/time.tsx";

const EMAIL_MAX = 254;
const NAME_MAX = 80;

/** Invites somebody: the link is shown once, to be handed over by whoever made it. */
export function InviteSheet({ onClose }: { onClose: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [role, setRole] = useState("");
  const [link, setLink] = useState<{ url: string; expiresAt: Date } | null>(null);
  const form = useMutationForm(
    trpc.members.invite.mutationOptions({
      gcTime: 0,
      onSuccess: (made) => {
        setLink(made);
        return queryClient.invalidateQueries(trpc.members.invitations.queryFilter());
      },
    }),
    ["email", "name", "role"],
  );

  function submit(): void {
    form.send({ email: email.trim(), role, ...(name.trim() === "" ? {} : { name: name.trim() }) });
  }

  if (link !== null) {
    return (
      <SecretOnceDialog
        secret={link.url}
        title={`Invitation for ${email.trim()}`}
        noun="link"
        description={
          <>
            Give it to this person by a way that only they read. Whoever opens it first gets the account. It works once
            and expires <Time value={link.expiresAt} />.
          </>
        }
        onDone={() => {
          setLink(null);
          form.reset();
          onClose();
        }}
      />
    );
  }
  return (
    <FormSheet
      title="Invite member"
      description="You get a one-time link to hand over. Nothing is sent by e-mail."
      form={form}
      onSubmit={submit}
      submit={{
        label: "Make invitation",
        busyLabel: "Making the invitation",
        disabled: email.trim() === "" || role === "",
      }}
      onClose={onClose}
    >
      <TextField
        label="E-mail"
        hint="They sign in with it."
        type="email"
        name="email"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={EMAIL_MAX}
        required
        error={form.errors.email}
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
      <Field label="Role" hint="What they may do. You can give only what your own role holds." error={form.errors.role}>
        <RoleSelect name="role" required value={role} onChange={(event) => setRole(event.target.value)} />
      </Field>
      <TextField
        label="Name"
        hint="Optional: they can choose or change it."
        name="name"
        autoComplete="off"
        maxLength={NAME_MAX}
        error={form.errors.name}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
    </FormSheet>
  );
}
