"use client";

import { ArrowLeftIcon, CopyIcon, Trash2Icon } from "lucide-react";
import { useState } from "react";
import { LockLink } from "#components/incidents/lock-link.tsx";
import { SourceBadge } from "#components/policy/source-badge.tsx";
import { DeleteRoleDialog } from "#components/roles/delete-role-dialog.tsx";
import { sameEntries } from "#components/roles/matrix.ts";
import { PermissionMatrix } from "#components/roles/permission-matrix.tsx";
import { ReviewRoleDialog, type RoleDraft } from "#components/roles/review-role-dialog.tsx";
import { TargetPermission } from "#components/roles/target-permission.tsx";
import { PERMISSION_MEANINGS } from "#components/shared/permission-meanings.ts";
import { Button } from "#components/ui/button.tsx";
import { ChipsInput } from "#components/ui/chips-input.tsx";
import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { Section } from "#components/ui/section.tsx";
import type { RoleRow } from "#server/access/roles/schema.ts";

interface RoleEditorProps {
  /** Null: a new role. */
  role: RoleRow | null;
  /** What a new role starts from. */
  template: RoleRow | null;
  taken: readonly string[];
  inFile: boolean;
  canWrite: boolean;
  highlight: string | null;
  choices: { channels: readonly string[]; commands: readonly string[] };
  onClose: () => void;
  onSaved: (name: string) => void;
  onDuplicate: () => void;
}

const EMPTY = { permissions: [], channels: [], commands: [] };

/** One role: its permissions, channels and commands. Nothing is saved before the difference has been looked at. */
export function RoleEditor({ role, template, taken, inFile, canWrite, choices, ...props }: RoleEditorProps) {
  const { permissions, channels, commands } = role ?? template ?? EMPTY;
  const [base] = useState({ permissions, channels, commands });
  const [seen, setSeen] = useState(role?.revision ?? null);
  const [draft, setDraft] = useState<RoleDraft>({ name: role?.name ?? "", ...base });
  const [dialog, setDialog] = useState<"review" | "delete" | null>(null);
  const [isNameMissing, setNameMissing] = useState(false);
  const readOnly = inFile || !canWrite;
  const changed =
    role === null ||
    !(["permissions", "channels", "commands"] as const).every((list) => sameEntries(base[list], draft[list]));
  const nameError = nameProblem(draft.name, role === null ? taken : [], isNameMissing);
  const set = (part: Partial<RoleDraft>) => setDraft({ ...draft, ...part });
  const title = role === null ? "New role" : `Role ${role.name}`;

  function review() {
    const ready = nameProblem(draft.name, role === null ? taken : [], true) === null;
    setNameMissing(!ready);
    if (ready) {
      setDialog("review");
    }
  }

  return (
    <div className="flex flex-col gap-6">
      <Button variant="ghost" size="sm" className="self-start" onClick={props.onClose}>
        <ArrowLeftIcon aria-hidden />
        All roles
      </Button>
      <PageHeader
        title={title}
        description={role === null ? "Starts with nothing but what you tick." : <Facts role={role} inFile={inFile} />}
        actions={
          role !== null &&
          !readOnly && (
            <>
              <LockLink kind="role" target={role.name} />
              <Button variant="outline" size="sm" onClick={props.onDuplicate}>
                <CopyIcon aria-hidden />
                Duplicate role
              </Button>
              <Button
                variant="destructive-outline"
                size="sm"
                disabled={role.builtin}
                onClick={() => setDialog("delete")}
              >
                <Trash2Icon aria-hidden />
                Delete role
              </Button>
            </>
          )
        }
      />
      {props.highlight !== null && (
        <TargetPermission permission={props.highlight} role={draft.name} held={draft.permissions} />
      )}
      {role === null && (
        <Field
          label="Name"
          className="max-w-sm"
          hint="Letters, digits, _ and -. Tokens and users name it; it cannot be changed later."
          error={nameError}
        >
          <Input value={draft.name} maxLength={64} onChange={(event) => set({ name: event.target.value.trim() })} />
        </Field>
      )}
      <Section title="Permissions" description="What the role may do, in the API, on chat and in this console.">
        <PermissionMatrix
          role={draft.name === "" ? "new" : draft.name}
          entries={draft.permissions}
          readOnly={readOnly}
          highlight={props.highlight}
          onChange={(next) => set({ permissions: next })}
        />
        <Catalogue />
      </Section>
      <Section
        title="Channels and commands"
        description="A message is let through only if the role has its channel and its command, too."
      >
        <div className="grid gap-4 lg:grid-cols-2">
          <Names
            label="Channels"
            hint="Where its messages may come from. * is every channel; an empty list is none."
            value={draft.channels}
            suggestions={["*", ...choices.channels]}
            readOnly={readOnly}
            onChange={(next) => set({ channels: next })}
          />
          <Names
            label="Commands"
            hint="What may be typed, without the slash. * is every command; an empty list is none."
            value={draft.commands}
            suggestions={["*", ...choices.commands]}
            readOnly={readOnly}
            onChange={(next) => set({ commands: next })}
          />
        </div>
      </Section>
      {!readOnly && (
        <div className="flex flex-wrap items-center justify-end gap-2 border-t pt-4">
          <p role="status" className="mr-auto text-muted-foreground">
            {changed ? "Not saved yet." : "No changes."}
          </p>
          <Button variant="outline" onClick={props.onClose}>
            {changed ? "Discard changes" : "Close"}
          </Button>
          <Button disabled={!changed} onClick={review}>
            Review changes
          </Button>
        </div>
      )}
      {dialog === "review" && (
        <ReviewRoleDialog
          draft={draft}
          seen={seen}
          isNew={role === null}
          onKeepMine={setSeen}
          onClose={() => setDialog(null)}
          onDiscard={props.onClose}
          onSaved={() => props.onSaved(draft.name)}
        />
      )}
      {dialog === "delete" && role !== null && (
        <DeleteRoleDialog role={role} onClose={() => setDialog(null)} onDeleted={props.onClose} />
      )}
    </div>
  );
}

function nameProblem(name: string, taken: readonly string[], required: boolean): string | null {
  if (taken.includes(name)) {
    return `There is a role "${name}" already. Choose another name, or change that one.`;
  }
  if (name === "") {
    return required ? "Give the role a name." : null;
  }
  return /^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name)
    ? null
    : "Letters, digits, _ and - only, starting with a letter or digit.";
}

function Facts({ role, inFile }: { role: RoleRow; inFile: boolean }) {
  const { users, tokens, members } = role.holders;
  return (
    <span className="flex flex-wrap items-center gap-2">
      <SourceBadge inFile={inFile} />
      <span>
        Held by {users} {users === 1 ? "user" : "users"}, {tokens} live {tokens === 1 ? "token" : "tokens"} and{" "}
        {members} {members === 1 ? "member" : "members"}.
      </span>
      {role.builtin && <span>Built in: it cannot be removed.</span>}
    </span>
  );
}

interface NamesProps {
  label: string;
  hint: string;
  value: readonly string[];
  suggestions: readonly string[];
  readOnly: boolean;
  onChange: (value: string[]) => void;
}

function Names({ label, hint, value, suggestions, readOnly, onChange }: NamesProps) {
  if (readOnly) {
    return (
      <div>
        <h3 className="font-medium">{label}</h3>
        <p className="font-mono text-xs break-words">{value.length === 0 ? "none" : value.join(", ")}</p>
      </div>
    );
  }
  return (
    <Field label={label} hint={hint}>
      <ChipsInput value={value} onValueChange={onChange} suggestions={suggestions} />
    </Field>
  );
}

function Catalogue() {
  return (
    <details className="rounded-lg border bg-card px-4 py-2">
      <summary className="min-h-6 cursor-pointer font-medium">What each permission means</summary>
      <dl className="grid gap-x-6 gap-y-1 py-2 sm:grid-cols-[12rem_1fr]">
        {Object.entries(PERMISSION_MEANINGS).map(([permission, meaning]) => (
          <div key={permission} className="sm:contents">
            <dt className="font-mono text-xs leading-5">{permission}</dt>
            <dd className="text-muted-foreground">{meaning}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
