"use client";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useMutationForm } from "#components/shared/use-mutation-form.ts";
import { CreateTokenFields, type TokenDraft } from "#components/tokens/create-token-fields.tsx";
import { defaultLifetime, lifetimeMs } from "#components/tokens/lifetimes.ts";
import { endText, type NewSecret } from "#components/tokens/new-secret.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import {
  Sheet,
  SheetBody,
  SheetContent,
  SheetDescription,
  SheetFooter,
  SheetHeader,
  SheetTitle,
} from "#components/ui/sheet.tsx";
import type { TokenSettings } from "#server/tokens/console-schema.ts";

const FIELDS = ["name", "role", "ownerId", "userId", "scopes", "channels", "allowedIps", "models", "expiresInMs"];

interface CreateTokenSheetProps {
  settings: TokenSettings;
  onCreated: (secret: NewSecret) => void;
  onClose: () => void;
}

export function CreateTokenSheet({ settings, onCreated, onClose }: CreateTokenSheetProps) {
  const trpc = useTRPC();
  const givable = useQuery(trpc.tokens.givable.queryOptions()).data;
  const [draft, setDraft] = useState<TokenDraft>({
    name: "",
    role: "",
    owner: settings.owner,
    user: "",
    scopes: null,
    channels: [],
    allowedIps: [],
    models: null,
    lifetime: defaultLifetime(settings.defaultLifetimeMs),
    days: "14",
  });
  const [refusal, setRefusal] = useState<Record<string, string>>({});
  const form = useMutationForm(
    trpc.tokens.create.mutationOptions({
      gcTime: 0,
      onSuccess: ({ token, expiresAt }) =>
        onCreated({
          token,
          title: "Token created",
          description: `${draft.name.trim()} works now. ${endText(expiresAt)}`,
        }),
    }),
    FIELDS,
  );

  function send(): void {
    const expiresInMs = lifetimeMs(draft.lifetime, draft.days);
    const wrong = {
      ...(draft.name.trim() === "" ? { name: "Give it a name, so that everybody knows what it is for." } : {}),
      ...(draft.role === "" ? { role: "Choose a role." } : {}),
      ...(draft.scopes?.length === 0 ? { scopes: "Choose at least one permission, or all of the role." } : {}),
      ...(expiresInMs === "invalid" ? { expiresInMs: "Enter whole days, 1 to 3650." } : {}),
    };
    setRefusal(wrong);
    if (Object.keys(wrong).length > 0 || expiresInMs === "invalid") {
      return;
    }
    form.send({
      name: draft.name,
      role: draft.role,
      ownerId: draft.owner.trim() === "" ? undefined : draft.owner.trim(),
      userId: draft.user.trim() === "" ? undefined : draft.user.trim(),
      scopes: draft.scopes === null ? [] : [...draft.scopes],
      channels: [...draft.channels],
      allowedIps: draft.allowedIps.length === 0 ? undefined : [...draft.allowedIps],
      models: draft.models === null ? null : [...draft.models],
      expiresInMs,
    });
  }

  return (
    <Sheet open onOpenChange={(open) => !open && !form.busy && onClose()}>
      <SheetContent>
        <form
          {...form.formProps}
          className="flex min-h-0 grow flex-col"
          onSubmit={(event) => {
            event.preventDefault();
            send();
          }}
        >
          <SheetHeader>
            <SheetTitle>Create token</SheetTitle>
            <SheetDescription>Its secret is shown once, in the next step.</SheetDescription>
          </SheetHeader>
          <SheetBody>
            <FormError text={form.formError} />
            <CreateTokenFields
              draft={draft}
              onChange={(change) => setDraft({ ...draft, ...change })}
              errors={{ ...form.errors, ...refusal }}
              settings={settings}
              givable={givable}
            />
          </SheetBody>
          <SheetFooter>
            <Button variant="outline" disabled={form.busy} onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" disabled={form.busy}>
              Create token
            </Button>
          </SheetFooter>
        </form>
      </SheetContent>
    </Sheet>
  );
}
