"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { LoaderCircleIcon } from "lucide-react";
import { useState, type SubmitEvent } from "react";
import { meanwhileOf, StaleNotice } from "#components/policy/stale-notice.tsx";
import { errorsByField, errorText } from "#components/shared/error-text.ts";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { parseLimit, typedLimit, UNITS, type Unit } from "#components/users/restriction.ts";
import { Button } from "#components/ui/button.tsx";
import { CheckboxField } from "#components/ui/checkbox.tsx";
import { ChipsInput } from "#components/ui/chips-input.tsx";
import { Field } from "#components/ui/field.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import { Input } from "#components/ui/input.tsx";
import { Select } from "#components/ui/select.tsx";
import type { UserRow } from "#server/access/users/schema.ts";

interface UserFormProps {
  /** Null: a new record. */
  user: UserRow | null;
  roles: readonly string[];
  onClose: () => void;
}

export function UserForm({ user, roles, onClose }: UserFormProps) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [seen, setSeen] = useState(user?.revision ?? null);
  const [id, setId] = useState(user?.id ?? "");
  const [role, setRole] = useState(user?.role ?? "");
  const [narrowed, setNarrowed] = useState(user !== null && user.channels !== null);
  const [channels, setChannels] = useState<string[]>(user?.channels ?? []);
  const [limited, setLimited] = useState(user !== null && user.restriction !== null);
  const [limit, setLimit] = useState(() => typedLimit(user?.restriction ?? null));
  const [member, setMember] = useState(user?.memberId ?? "");
  const [isChecked, setChecked] = useState(false);
  const save = useMutation(
    trpc.users.save.mutationOptions({
      onSuccess: async () => {
        onClose();
        toast(user === null ? `User ${id} made` : `User ${id} saved`);
        await queryClient.invalidateQueries(trpc.users.pathFilter());
      },
    }),
  );
  const parsed = parseLimit(limit);
  const limitErrors = limited && isChecked && !("restriction" in parsed) ? parsed : {};
  const restriction = limited ? ("restriction" in parsed ? parsed.restriction : undefined) : null;
  const memberId = member === "" ? null : member;
  const mine = { id, role, channels: narrowed ? channels : null, memberId };
  const errors = errorsByField(save.error);
  const meanwhile = meanwhileOf(save.error);

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    setChecked(true);
    if (id !== "" && role !== "" && restriction !== undefined) {
      save.mutate({ ...mine, restriction, seen });
    }
  }

  async function takeTheirs() {
    onClose();
    await queryClient.invalidateQueries(trpc.users.pathFilter());
  }

  return (
    <form
      onSubmit={submit}
      noValidate
      aria-label={user === null ? "New user" : "Edit user"}
      className="flex flex-col gap-4 border-t pt-4"
    >
      {meanwhile !== null ? (
        <StaleNotice
          noun="user"
          meanwhile={meanwhile}
          mine={{ ...mine, restriction }}
          onTakeTheirs={() => void takeTheirs()}
          onKeepMine={(revision) => {
            setSeen(revision);
            save.reset();
          }}
        />
      ) : (
        <FormError
          text={save.error === null || "id" in errors || "memberId" in errors ? null : errorText(save.error)}
        />
      )}
      {user === null && (
        <Field
          label="Id"
          hint="The immutable id that the bot sends, such as slack:U024BE7LH. Never a display name."
          error={isChecked && id === "" ? "Enter the id." : errors["id"]}
        >
          <Input
            value={id}
            maxLength={200}
            autoCapitalize="none"
            spellCheck={false}
            className="font-mono text-xs"
            onChange={(event) => setId(event.target.value.trim())}
          />
        </Field>
      )}
      <Field
        label="Role"
        hint="What the person may do at most, whatever the bot that carries the message may."
        error={isChecked && role === "" ? "Choose a role." : errors["role"]}
      >
        <Select value={role} onChange={(event) => setRole(event.target.value)}>
          {(role === "" || !roles.includes(role)) && <option value={role}>{role === "" ? "Choose …" : role}</option>}
          {roles.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </Select>
      </Field>
      <CheckboxField
        label="Only some channels of the role"
        hint="Unticked: every channel that the role has."
        checked={narrowed}
        onChange={(event) => setNarrowed(event.target.checked)}
      />
      {narrowed && (
        <Field label="Channels" hint="An empty list is no channel at all.">
          <ChipsInput value={channels} onValueChange={setChannels} />
        </Field>
      )}
      <CheckboxField
        label="Limit the person's messages"
        hint="Counted over any window of that length, on all channels together."
        checked={limited}
        onChange={(event) => setLimited(event.target.checked)}
      />
      {limited && (
        <div className="grid grid-cols-[1fr_1fr_1fr] items-start gap-2">
          <Field label="At most" error={limitErrors.maxMessages}>
            <Input
              inputMode="numeric"
              value={limit.maxMessages}
              onChange={(event) => setLimit({ ...limit, maxMessages: event.target.value })}
            />
          </Field>
          <Field label="messages in" error={limitErrors.window}>
            <Input
              inputMode="numeric"
              value={limit.window}
              onChange={(event) => setLimit({ ...limit, window: event.target.value })}
            />
          </Field>
          <Field label="Unit">
            <Select
              value={limit.unit}
              onChange={(event) => setLimit({ ...limit, unit: unitOf(event.target.value) ?? limit.unit })}
            >
              {UNITS.map(({ unit }) => (
                <option key={unit}>{unit}</option>
              ))}
            </Select>
          </Field>
        </div>
      )}
      <Field
        label="Console member"
        hint="Where this person also signs in to the console: the member's id or e-mail address. Neither approves what the other asked for."
        error={errors["memberId"]}
      >
        <Input
          value={member}
          maxLength={254}
          autoCapitalize="none"
          spellCheck={false}
          className="font-mono text-xs"
          onChange={(event) => setMember(event.target.value.trim())}
        />
      </Field>
      <Button type="submit" className="self-end" disabled={save.isPending || meanwhile !== null}>
        {save.isPending && <LoaderCircleIcon aria-hidden className="animate-spin" />}
        {user === null ? "Make user" : "Save user"}
      </Button>
    </form>
  );
}

const unitOf = (text: string): Unit | undefined => UNITS.find(({ unit }) => unit === text)?.unit;
