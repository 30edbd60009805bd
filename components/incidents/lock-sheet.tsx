"use client";

import { useState } from "react";
import { TextField } from "#components/auth/text-field.tsx";
import { useIncidentChange } from "#components/incidents/use-incident-change.ts";
import { FormSheet } from "#components/shared/form-sheet.tsx";
import { useMutationForm } from "#components/shared/use-mutation-form.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { CheckboxField } from "#components/ui/checkbox.tsx";
import { Field } from "#components/ui/field.tsx";
import { Select } from "#components/ui/select.tsx";
import { DEFAULT_MESSAGE } from "#server/incidents/policy.ts";
import type { SetLock } from "#server/incidents/schema.ts";

type Kind = SetLock["kind"];

const KINDS: readonly { kind: Kind; label: string; hint: string }[] = [
  { kind: "user", label: "User", hint: "Id of the person, as the policy and messages name them." },
  {
    kind: "token",
    label: "Token",
    hint: "Id of any token of the line; all of them are locked. gateway.token is the configured one.",
  },
  { kind: "role", label: "Role", hint: "Everybody and every token that has it." },
  {
    kind: "channel",
    label: "Channel",
    hint: "Nothing said there is looked at. “api” is everybody who comes with a token.",
  },
  { kind: "member", label: "Member", hint: "E-mail or id. Their sessions end, and tokens they own are locked." },
];

const HOUR = 3_600_000;
const TIMES: readonly [string, number | null][] = [
  ["Until it is lifted", null],
  ["1 hour", HOUR],
  ["8 hours", 8 * HOUR],
  ["24 hours", 24 * HOUR],
  ["7 days", 168 * HOUR],
];

interface LockSheetProps {
  /** `kind:target` that the address asks for; empty = nothing yet. */
  asked: string;
  incidentId: string | null;
  onClose: () => void;
}

/** Sets a lock, or tries one. */
export function LockSheet({ asked, incidentId, onClose }: LockSheetProps) {
  const trpc = useTRPC();
  const changed = useIncidentChange();
  const colon = asked.indexOf(":");
  const [kind, setKind] = useState<Kind>(KINDS.find((one) => one.kind === asked.slice(0, colon))?.kind ?? "user");
  const [target, setTarget] = useState(colon < 0 ? "" : asked.slice(colon + 1));
  const [message, setMessage] = useState(DEFAULT_MESSAGE);
  const [reason, setReason] = useState("");
  const [time, setTime] = useState(0);
  const [drill, setDrill] = useState(false);
  const form = useMutationForm(
    trpc.incidents.lock.mutationOptions({
      onSuccess: () => {
        onClose();
        return changed(drill ? "The drill goes on" : "Locked");
      },
    }),
    ["target", "message", "reason"],
  );

  function submit(): void {
    const expiresInMs = TIMES[time]?.[1] ?? null;
    form.send({ kind, target: target.trim(), message, reason, expiresInMs, drill, incidentId });
  }

  const isIncomplete = target.trim() === "" || reason.trim() === "" || message.trim() === "";
  return (
    <FormSheet
      title="Lock"
      description="Shut out at every door within a second; streams, connections and runs are cut. Lifting it lets in again, and brings back nothing that was cut."
      form={form}
      onSubmit={submit}
      submit={{ label: drill ? "Start drill" : `Lock ${kind}`, busyLabel: "Locking", disabled: isIncomplete }}
      onClose={onClose}
    >
      <Field label="What">
        <Select value={kind} onChange={(event) => setKind(event.target.value as Kind)}>
          {KINDS.map((one) => (
            <option key={one.kind} value={one.kind}>
              {one.label}
            </option>
          ))}
        </Select>
      </Field>
      <TextField
        label="Which"
        hint={KINDS.find((one) => one.kind === kind)?.hint}
        name="target"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={200}
        required
        error={form.errors.target}
        value={target}
        onChange={(event) => setTarget(event.target.value)}
      />
      <TextField
        label="Message to whoever is shut out"
        hint="All they get to read. Say whom to ask, and nothing they must not know."
        name="message"
        maxLength={300}
        required
        error={form.errors.message}
        value={message}
        onChange={(event) => setMessage(event.target.value)}
      />
      <TextField
        label="Reason"
        hint="For the team and the audit log."
        name="reason"
        maxLength={500}
        required
        error={form.errors.reason}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
      <Field label="Holds">
        <Select value={String(time)} onChange={(event) => setTime(Number(event.target.value))}>
          {TIMES.map(([label], index) => (
            <option key={label} value={String(index)}>
              {label}
            </option>
          ))}
        </Select>
      </Field>
      <CheckboxField
        label="Drill: record what would be cut, and shut nobody out"
        checked={drill}
        onChange={(event) => setDrill(event.target.checked)}
      />
    </FormSheet>
  );
}
