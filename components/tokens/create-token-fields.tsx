"use client";

import { skipToken, useQuery } from "@tanstack/react-query";
import { TriangleAlertIcon } from "lucide-react";
import { lifetimeOptions } from "#components/tokens/lifetimes.ts";
import { ModelsField } from "#components/tokens/models-field.tsx";
import { ScopesField } from "#components/tokens/scopes-field.tsx";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Alert } from "#components/ui/alert.tsx";
import { ChipsInput } from "#components/ui/chips-input.tsx";
import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";
import { Meter } from "#components/ui/meter.tsx";
import { Select } from "#components/ui/select.tsx";
import type { GivableRoles, TokenSettings } from "#server/tokens/console-schema.ts";

export interface TokenDraft {
  name: string;
  role: string;
  owner: string;
  user: string;
  scopes: readonly string[] | null;
  channels: readonly string[];
  allowedIps: readonly string[];
  /** Null: all that the role may call. */
  models: readonly string[] | null;
  lifetime: string;
  days: string;
}

interface CreateTokenFieldsProps {
  draft: TokenDraft;
  onChange: (change: Partial<TokenDraft>) => void;
  errors: Readonly<Partial<Record<string, string>>>;
  settings: TokenSettings;
  givable: GivableRoles | undefined;
}

export function CreateTokenFields({ draft, onChange, errors, settings, givable }: CreateTokenFieldsProps) {
  const role = givable?.roles.find(({ name }) => name === draft.role);
  return (
    <>
      <Field label="Name" hint="What it is for: “ci”, “telegram bot”." error={errors["name"]}>
        <Input
          name="name"
          autoComplete="off"
          maxLength={100}
          value={draft.name}
          onChange={(event) => onChange({ name: event.target.value })}
        />
      </Field>
      <Field label="Role" hint="Only roles within your own rights are offered." error={errors["role"]}>
        <Select
          name="role"
          value={draft.role}
          onChange={(event) => onChange({ role: event.target.value, scopes: null })}
        >
          <option value="" disabled>
            {givable === undefined ? "Loading roles" : "Choose a role"}
          </option>
          {givable?.roles.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </Select>
      </Field>
      {role !== undefined && (
        <ScopesField
          held={role.permissions}
          value={draft.scopes}
          onValueChange={(scopes) => onChange({ scopes })}
          error={errors["scopes"]}
        />
      )}
      <LifetimeField draft={draft} onChange={onChange} error={errors["expiresInMs"]} settings={settings} />
      <Field label="Owner" hint={<OwnerMeter owner={draft.owner} />} error={errors["ownerId"]}>
        <Input
          name="ownerId"
          autoComplete="off"
          spellCheck={false}
          maxLength={200}
          value={draft.owner}
          readOnly={!settings.anyOwner}
          onChange={(event) => onChange({ owner: event.target.value })}
        />
      </Field>
      <Field
        label="Channels"
        optional
        hint="Empty: all channels of its role. Press Enter after each."
        error={errors["channels"]}
      >
        <ChipsInput
          name="channels"
          value={draft.channels}
          onValueChange={(channels) => onChange({ channels })}
          suggestions={givable?.channels ?? []}
          max={50}
        />
      </Field>
      <ModelsField
        known={givable?.models ?? []}
        value={draft.models}
        onValueChange={(models) => onChange({ models })}
        error={errors["models"]}
      />
      <Field
        label="Allowed addresses"
        optional
        hint="Addresses or ranges it may come from, such as 10.0.0.0/8. Empty: any."
        error={errors["allowedIps"]}
      >
        <ChipsInput
          name="allowedIps"
          value={draft.allowedIps}
          onValueChange={(allowedIps) => onChange({ allowedIps })}
          max={50}
        />
      </Field>
      <Field
        label="Bound user"
        optional
        hint="The one end user it speaks for. Empty: each message names its user."
        error={errors["userId"]}
      >
        <Input
          name="userId"
          autoComplete="off"
          spellCheck={false}
          maxLength={200}
          value={draft.user}
          onChange={(event) => onChange({ user: event.target.value })}
        />
      </Field>
    </>
  );
}

function LifetimeField({
  draft,
  onChange,
  error,
  settings,
}: Pick<CreateTokenFieldsProps, "draft" | "onChange" | "settings"> & { error: string | undefined }) {
  return (
    <>
      <Field label="Expires after" error={draft.lifetime === "custom" ? undefined : error}>
        <Select name="lifetime" value={draft.lifetime} onChange={(event) => onChange({ lifetime: event.target.value })}>
          {lifetimeOptions(settings.defaultLifetimeMs).map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </Select>
      </Field>
      {draft.lifetime === "custom" && (
        <Field label="Days" error={error}>
          <Input
            name="expiresInMs"
            inputMode="numeric"
            autoComplete="off"
            value={draft.days}
            onChange={(event) => onChange({ days: event.target.value })}
          />
        </Field>
      )}
      {draft.lifetime === "never" && (
        <Alert variant="warning" role="status">
          <TriangleAlertIcon aria-hidden />
          <p>If it leaks it works until somebody notices. Choose an end, or limit its addresses and permissions.</p>
        </Alert>
      )}
    </>
  );
}

/** Places of `gateway.tokenConfig.maxTokens` that the owner has taken. */
function OwnerMeter({ owner }: { owner: string }) {
  const trpc = useTRPC();
  const asked = owner.trim();
  const usage = useQuery(
    trpc.tokens.ownerUsage.queryOptions(asked === "" ? skipToken : { owner: asked }, { retry: false }),
  );
  if (usage.data === undefined) {
    return "Who answers for it.";
  }
  const { live, max } = usage.data;
  return (
    <>
      Who answers for it.{" "}
      <Meter label="Tokens of this owner" value={live} max={max} text={`${live} of ${max} of this owner’s tokens`} />
      {live >= max && " No place is left: revoke one first."}
    </>
  );
}
