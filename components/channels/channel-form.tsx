"use client";

import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { LoaderCircleIcon } from "lucide-react";
import { useState, type SubmitEvent } from "react";
import { Hints } from "#components/channels/hints.tsx";
import { meanwhileOf, StaleNotice } from "#components/policy/stale-notice.tsx";
import { errorText } from "#components/shared/error-text.ts";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { ChipsInput } from "#components/ui/chips-input.tsx";
import { Field } from "#components/ui/field.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import { Input } from "#components/ui/input.tsx";
import type { ChannelRow } from "#server/access/channels/schema.ts";

interface ChannelFormProps {
  /** Null: new rules. */
  channel: ChannelRow | null;
  taken: readonly string[];
  suggestions: { channels: readonly string[]; roles: readonly string[] };
  onClose: () => void;
}

const LISTS = [
  {
    name: "allowedUsers",
    label: "Allowed users",
    hint: "Ids that may come in, whatever their role; * for everybody. With both lists empty nobody is let in.",
  },
  { name: "allowedRoles", label: "Allowed roles", hint: "Roles whose people may come in; * for every role." },
  { name: "blockedUsers", label: "Blocked users", hint: "Ids that stay outside, whatever else allows them." },
  {
    name: "allowedCommands",
    label: "Allowed commands",
    hint: "Without the slash; * for all that the role has. An empty list allows none.",
  },
  { name: "blockedCommands", label: "Blocked commands", hint: "Commands that nobody can give here." },
] as const;

type Lists = Record<(typeof LISTS)[number]["name"], string[]>;
const NEW: Lists = {
  allowedUsers: [],
  allowedRoles: [],
  blockedUsers: [],
  allowedCommands: ["*"],
  blockedCommands: [],
};

export function ChannelForm({ channel, taken, suggestions, onClose }: ChannelFormProps) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [seen, setSeen] = useState(channel?.revision ?? null);
  const [name, setName] = useState(channel?.channel ?? "");
  const [lists, setLists] = useState<Lists>(channel === null ? NEW : listsOf(channel));
  const [isChecked, setChecked] = useState(false);
  const mine = { channel: name, ...lists };
  const problem = channel === null ? nameProblem(name, taken) : null;
  const preview = useQuery(
    trpc.channels.preview.queryOptions(mine, { enabled: problem === null, placeholderData: keepPreviousData }),
  );
  const save = useMutation(
    trpc.channels.save.mutationOptions({
      onSuccess: async () => {
        onClose();
        toast(`Rules of channel ${name} saved`);
        await queryClient.invalidateQueries(trpc.channels.pathFilter());
      },
    }),
  );
  const meanwhile = meanwhileOf(save.error);
  const failure = save.error ?? preview.error;
  const refused = preview.data?.refused?.message ?? null;

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    setChecked(true);
    if (problem === null) {
      save.mutate({ ...mine, seen });
    }
  }

  async function takeTheirs() {
    onClose();
    await queryClient.invalidateQueries(trpc.channels.pathFilter());
  }

  return (
    <form onSubmit={submit} noValidate aria-label="Channel rules" className="flex flex-col gap-4">
      {meanwhile !== null ? (
        <StaleNotice
          noun="channel"
          meanwhile={meanwhile}
          mine={mine}
          onTakeTheirs={() => void takeTheirs()}
          onKeepMine={(revision) => {
            setSeen(revision);
            save.reset();
          }}
        />
      ) : (
        <FormError text={failure === null ? refused : errorText(failure)} />
      )}
      {channel === null && (
        <Field
          label="Channel"
          hint="As messages name it, such as slack. From the save on, only who is listed below is let in."
          error={isChecked ? problem : null}
        >
          <Input
            value={name}
            maxLength={64}
            list="channels-without-rules"
            autoCapitalize="none"
            className="font-mono text-xs"
            onChange={(event) => setName(event.target.value.trim())}
          />
        </Field>
      )}
      <datalist id="channels-without-rules">
        {suggestions.channels.map((known) => (
          <option key={known} value={known} />
        ))}
      </datalist>
      {LISTS.map(({ name: list, label, hint }) => (
        <Field key={list} label={label} hint={hint}>
          <ChipsInput
            value={lists[list]}
            max={1000}
            onValueChange={(value) => setLists({ ...lists, [list]: value })}
            suggestions={list === "allowedRoles" ? ["*", ...suggestions.roles] : ["*"]}
          />
        </Field>
      ))}
      <Hints hints={preview.data?.hints ?? []} />
      <Button type="submit" className="self-end" disabled={save.isPending || meanwhile !== null || refused !== null}>
        {save.isPending && <LoaderCircleIcon aria-hidden className="animate-spin" />}
        Save channel rules
      </Button>
    </form>
  );
}

function listsOf({ allowedUsers, allowedRoles, blockedUsers, allowedCommands, blockedCommands }: ChannelRow): Lists {
  return { allowedUsers, allowedRoles, blockedUsers, allowedCommands, blockedCommands };
}

function nameProblem(name: string, taken: readonly string[]): string | null {
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(name)) {
    return "Lower-case letters, digits, _ and - only, starting with a letter or digit.";
  }
  return taken.includes(name) ? `Channel "${name}" has rules already. Change those.` : null;
}
