"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";
import { SubmitButton } from "#components/auth/submit-button.tsx";
import { PLATFORMS } from "#components/platforms/platform-fields.ts";
import { errorText } from "#components/shared/error-text.ts";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { CheckboxField } from "#components/ui/checkbox.tsx";
import { ChipsInput } from "#components/ui/chips-input.tsx";
import { Field } from "#components/ui/field.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import { Input } from "#components/ui/input.tsx";
import { Select } from "#components/ui/select.tsx";
import type { ConnectionRow } from "#server/channels/console-schema.ts";
import { CHANNEL_TYPES, WEBHOOK_SCHEMES } from "#server/channels/schema.ts";

interface ConnectionFormProps {
  /** Null: a new one. */
  connection: ConnectionRow | null;
  taken: readonly string[];
  onClose: () => void;
}

type Texts = Readonly<Record<string, string>>;

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** Settings of one connection. A secret that is left blank stays as it is. */
export function ConnectionForm({ connection, taken, onClose }: ConnectionFormProps) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const { data: rules } = useQuery(trpc.channels.list.queryOptions());
  const before = connection?.settings ?? {};
  const [channel, setChannel] = useState(connection?.channel ?? "");
  const [type, setType] = useState(connection?.type ?? "telegram");
  const [texts, setTexts] = useState<Texts>(() =>
    Object.fromEntries(Object.entries(before).map(([name, value]) => [name, textOf(value)])),
  );
  const [secrets, setSecrets] = useState<Texts>({});
  const [enabled, setEnabled] = useState(before["enabled"] !== false);
  const [role, setRole] = useState(textOf(before["role"]) || "user");
  const [unknownSenders, setUnknownSenders] = useState(textOf(before["unknownSenders"]) || "pair");
  const links = before["allowedLinks"];
  const [limitsLinks, setLimitsLinks] = useState(Array.isArray(links));
  const [allowedLinks, setAllowedLinks] = useState<string[]>(Array.isArray(links) ? links : []);
  const platform = PLATFORMS[type];
  const isTaken = connection === null && taken.includes(channel);
  const save = useMutation(
    trpc.connections.save.mutationOptions({
      gcTime: 0,
      onSuccess: async () => {
        onClose();
        toast(connection === null ? `Platform ${channel} connected` : `Connection ${channel} saved`);
        await queryClient.invalidateQueries(trpc.connections.pathFilter());
      },
    }),
  );

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (save.isPending || isTaken) {
      return;
    }
    const chosen = platform.settings.flatMap(({ name }) => {
      const value = (texts[name] ?? "").trim();
      return value === "" ? [] : [[name, value] as const];
    });
    save.mutate({
      channel,
      type,
      settings: {
        ...Object.fromEntries(chosen),
        ...(type === "webhook" ? { scheme: texts["scheme"] || "standard" } : {}),
        ...(limitsLinks ? { allowedLinks } : {}),
        enabled,
        role,
        unknownSenders,
      },
      secrets: Object.fromEntries(
        platform.secrets.flatMap(({ name }) => {
          const value = (secrets[name] ?? "").trim();
          return value === "" ? [] : [[name, value]];
        }),
      ),
    });
  }

  return (
    <form
      onSubmit={submit}
      noValidate
      aria-label={connection === null ? "Connect platform" : "Edit connection"}
      className="flex flex-col gap-4 border-t pt-4"
    >
      <FormError text={save.error === null ? null : errorText(save.error)} />
      {connection === null && (
        <>
          <Field label="Platform">
            <Select
              value={type}
              onChange={(event) => {
                setType(CHANNEL_TYPES.find((known) => known === event.target.value) ?? type);
                setSecrets({});
              }}
            >
              {CHANNEL_TYPES.map((known) => (
                <option key={known} value={known}>
                  {PLATFORMS[known].label}
                </option>
              ))}
            </Select>
          </Field>
          <Field
            label="Channel"
            hint="Its name in roles and rules, and the end of its address: lower-case letters, digits, - and _."
            error={isTaken ? "A platform is connected under this name already." : null}
          >
            <Input
              value={channel}
              maxLength={64}
              required
              autoCapitalize="none"
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => setChannel(event.target.value.trim())}
            />
          </Field>
        </>
      )}
      {platform.secrets.map(({ name, label, hint }) => (
        <Field
          key={name}
          label={label}
          hint={connection?.secrets.includes(name) === true ? `Is set. Leave blank to keep it. ${hint}` : hint}
        >
          <Input
            type="password"
            value={secrets[name] ?? ""}
            maxLength={8192}
            autoComplete="new-password"
            className="font-mono text-xs"
            onChange={(event) => setSecrets({ ...secrets, [name]: event.target.value })}
          />
        </Field>
      ))}
      {type === "webhook" && (
        <Field label="Signature" hint="How whoever sends signs: Standard Webhooks, or as GitHub or Stripe do.">
          <Select
            value={texts["scheme"] || "standard"}
            onChange={(event) => setTexts({ ...texts, scheme: event.target.value })}
          >
            {WEBHOOK_SCHEMES.map((scheme) => (
              <option key={scheme}>{scheme}</option>
            ))}
          </Select>
        </Field>
      )}
      {platform.settings.map(({ name, label, hint }) => (
        <Field key={name} label={label} hint={hint}>
          <Input
            value={texts[name] ?? ""}
            maxLength={2048}
            autoComplete="off"
            spellCheck={false}
            className="font-mono text-xs"
            onChange={(event) => setTexts({ ...texts, [name]: event.target.value })}
          />
        </Field>
      ))}
      <Field label="Role of senders" hint="For those the channel lets in and no user record describes.">
        <Select value={role} onChange={(event) => setRole(event.target.value)}>
          {[...new Set([role, ...(rules?.roles ?? [])])].map((name) => (
            <option key={name}>{name}</option>
          ))}
        </Select>
      </Field>
      <Field label="Strangers" hint="Whoever the policy does not know. Nothing a stranger writes is acted on.">
        <Select value={unknownSenders} onChange={(event) => setUnknownSenders(event.target.value)}>
          <option value="pair">get a pairing code in a direct conversation</option>
          <option value="refuse">hear nothing</option>
        </Select>
      </Field>
      <CheckboxField
        label="Limit links in replies"
        hint="Links elsewhere are taken out: a link that an injected instruction wrote can carry a secret away."
        checked={limitsLinks}
        onChange={(event) => setLimitsLinks(event.target.checked)}
      />
      {limitsLinks && (
        <Field label="Hosts that links may lead to" hint="With their subdomains. An empty list takes every link out.">
          <ChipsInput value={allowedLinks} onValueChange={setAllowedLinks} />
        </Field>
      )}
      <CheckboxField
        label="Switched on"
        hint="Off: every delivery is refused, and nothing is sent."
        checked={enabled}
        onChange={(event) => setEnabled(event.target.checked)}
      />
      <div className="self-end">
        <SubmitButton
          busy={save.isPending}
          label={connection === null ? "Connect platform" : "Save connection"}
          busyLabel="Saving the connection"
          disabled={channel === "" || isTaken}
        />
      </div>
    </form>
  );
}
