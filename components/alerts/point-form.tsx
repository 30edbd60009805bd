"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";
import { SubmitButton } from "#components/auth/submit-button.tsx";
import { errorText } from "#components/shared/error-text.ts";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { CheckboxField } from "#components/ui/checkbox.tsx";
import { ChipsInput } from "#components/ui/chips-input.tsx";
import { Field } from "#components/ui/field.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import { Input } from "#components/ui/input.tsx";
import { Select } from "#components/ui/select.tsx";
import type { PointView } from "#server/alerts/console-schema.ts";
import { POINT_TYPES, SMTP_SECURITY, WEBHOOK_FORMATS } from "#server/alerts/policy.ts";

interface PointFormProps {
  point: PointView | null;
  hasMailServer: boolean;
  onSecret: (secret: string) => void;
  onClose: () => void;
}

const FORMATS = {
  standard: "Our own form, signed",
  alertmanager: "Prometheus Alertmanager",
  slack: "Slack message",
  pagerduty: "PagerDuty event",
} as const;

/** Settings of one contact point. A secret that is left blank stays as it is. */
export function PointForm({ point, hasMailServer, onSecret, onClose }: PointFormProps) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [type, setType] = useState(point?.type ?? "webhook");
  const [name, setName] = useState(point?.name ?? "");
  const [receivesAll, setReceivesAll] = useState(point?.receivesAll ?? true);
  const [recipients, setRecipients] = useState<string[]>(point?.recipients ?? []);
  const [hasOwnServer, setOwnServer] = useState((point?.smtp ?? null) !== null || (point === null && !hasMailServer));
  const [smtp, setSmtp] = useState(
    point?.smtp ?? { host: "", port: 587, secure: "starttls" as const, user: null, from: "" },
  );
  const [format, setFormat] = useState(point?.format ?? "standard");
  const [secrets, setSecrets] = useState<Readonly<Record<string, string>>>({});
  const save = useMutation(
    trpc.alertPoints.save.mutationOptions({
      gcTime: 0,
      onSuccess: async ({ secret }) => {
        toast(`Contact point ${name} saved`);
        await queryClient.invalidateQueries(trpc.alertPoints.pathFilter());
        if (secret === null) {
          onClose();
        } else {
          onSecret(secret);
        }
      },
    }),
  );
  const given = (key: string) => {
    const value = (secrets[key] ?? "").trim();
    return value === "" ? {} : { [key]: value };
  };

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (!save.isPending) {
      save.mutate({
        ...(point === null ? {} : { id: point.id, version: point.version }),
        name,
        receivesAll,
        target:
          type === "email"
            ? { type, recipients, smtp: hasOwnServer ? smtp : null, ...given("password") }
            : { type, format, ...given("url"), ...given("secret"), ...given("routingKey") },
      });
    }
  }

  const secretField = (key: string, label: string, hint: string) => (
    <Field
      label={label}
      hint={point?.secrets.includes(key) === true ? `Is set. Leave blank to keep it. ${hint}` : hint}
    >
      <Input
        type="password"
        value={secrets[key] ?? ""}
        maxLength={4096}
        autoComplete="new-password"
        className="font-mono text-xs"
        onChange={(event) => setSecrets({ ...secrets, [key]: event.target.value })}
      />
    </Field>
  );

  return (
    <form
      onSubmit={submit}
      noValidate
      aria-label={point === null ? "New contact point" : "Edit contact point"}
      className="flex flex-col gap-4 border-t pt-4"
    >
      <FormError text={save.error === null ? null : errorText(save.error)} />
      <Field label="Name">
        <Input value={name} maxLength={80} autoComplete="off" onChange={(event) => setName(event.target.value)} />
      </Field>
      {point === null && (
        <Field label="Way">
          <Select
            value={type}
            onChange={(event) => setType(POINT_TYPES.find((known) => known === event.target.value) ?? type)}
          >
            <option value="webhook">Webhook</option>
            <option value="email">Mail</option>
          </Select>
        </Field>
      )}
      {type === "webhook" ? (
        <>
          <Field label="Form" hint="All of them carry the headers of Standard Webhooks.">
            <Select
              value={format}
              onChange={(event) => setFormat(WEBHOOK_FORMATS.find((known) => known === event.target.value) ?? format)}
            >
              {WEBHOOK_FORMATS.map((known) => (
                <option key={known} value={known}>
                  {FORMATS[known]}
                </option>
              ))}
            </Select>
          </Field>
          {secretField(
            "url",
            "Address",
            format === "pagerduty" ? "Leave blank for PagerDuty's own." : "Where notifications are posted; https.",
          )}
          {format === "pagerduty" && secretField("routingKey", "Routing key", "Integration key of the service.")}
          {secretField(
            "secret",
            "Signing secret",
            "whsec_…; left blank for a new one, a secret is made and shown once.",
          )}
        </>
      ) : (
        <>
          <Field label="Recipients" hint="Mail addresses; Enter adds one.">
            <ChipsInput value={recipients} onValueChange={setRecipients} />
          </Field>
          <CheckboxField
            label="A mail server of its own"
            hint={hasMailServer ? "Otherwise that of the configuration." : "The configuration names none."}
            checked={hasOwnServer}
            onChange={(event) => setOwnServer(event.target.checked)}
          />
          {hasOwnServer && (
            <>
              <Field label="Host">
                <Input
                  value={smtp.host}
                  maxLength={253}
                  autoComplete="off"
                  onChange={(event) => setSmtp({ ...smtp, host: event.target.value })}
                />
              </Field>
              <Field label="Port">
                <Input
                  type="number"
                  value={smtp.port}
                  onChange={(event) => setSmtp({ ...smtp, port: Number(event.target.value) })}
                />
              </Field>
              <Field label="Encryption" hint="starttls: nothing is sent without it.">
                <Select
                  value={smtp.secure}
                  onChange={(event) =>
                    setSmtp({
                      ...smtp,
                      secure: SMTP_SECURITY.find((known) => known === event.target.value) ?? smtp.secure,
                    })
                  }
                >
                  {SMTP_SECURITY.map((known) => (
                    <option key={known}>{known}</option>
                  ))}
                </Select>
              </Field>
              <Field label="From">
                <Input
                  type="email"
                  value={smtp.from}
                  autoComplete="off"
                  onChange={(event) => setSmtp({ ...smtp, from: event.target.value })}
                />
              </Field>
              <Field label="User" optional>
                <Input
                  value={smtp.user ?? ""}
                  autoComplete="off"
                  onChange={(event) =>
                    setSmtp({ ...smtp, user: event.target.value === "" ? null : event.target.value })
                  }
                />
              </Field>
              {smtp.user !== null && secretField("password", "Password", "")}
            </>
          )}
        </>
      )}
      <CheckboxField
        label="Receives everything"
        hint="Otherwise only rules that name it."
        checked={receivesAll}
        onChange={(event) => setReceivesAll(event.target.checked)}
      />
      <div className="self-end">
        <SubmitButton
          busy={save.isPending}
          label={point === null ? "Add contact point" : "Save contact point"}
          busyLabel="Saving the contact point"
          disabled={name.trim() === ""}
        />
      </div>
    </form>
  );
}
