"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";
import { TextField } from "#components/auth/text-field.tsx";
import { toast } from "#components/shared/toast.ts";
import { useMutationForm } from "#components/shared/use-mutation-form.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Absent } from "#components/ui/absent.tsx";
import { Button } from "#components/ui/button.tsx";
import { Card, CardContent } from "#components/ui/card.tsx";
import { DescriptionItem, DescriptionList } from "#components/ui/description-list.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import { Section } from "#components/ui/section.tsx";
import type { Viewer } from "#server/account/schema.ts";

const NAME_MAX = 80;

export function ProfileSection({ viewer }: { viewer: Viewer }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [name, setName] = useState(viewer.name);
  const form = useMutationForm(
    trpc.account.rename.mutationOptions({
      onSuccess: async () => {
        toast("Name changed");
        await queryClient.invalidateQueries(trpc.account.viewer.queryFilter());
      },
    }),
    ["name"],
  );

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (!form.busy) {
      form.send({ name: name.trim() });
    }
  }

  return (
    <Section title="Profile">
      <Card>
        <CardContent className="flex flex-col gap-4 py-4">
          <DescriptionList>
            <DescriptionItem name="E-mail">{viewer.email ?? <Absent />}</DescriptionItem>
            <DescriptionItem name="Role">{viewer.role ?? <Absent />}</DescriptionItem>
          </DescriptionList>
          <form {...form.formProps} onSubmit={submit} className="flex max-w-md flex-col gap-3">
            <FormError text={form.formError} />
            <TextField
              label="Name"
              hint="Shown to other members and in the record."
              name="name"
              autoComplete="name"
              maxLength={NAME_MAX}
              required
              error={form.errors.name}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
            <Button
              type="submit"
              variant="outline"
              className="self-start"
              disabled={form.busy || name.trim() === "" || name.trim() === viewer.name}
            >
              Change name
            </Button>
          </form>
        </CardContent>
      </Card>
    </Section>
  );
}
