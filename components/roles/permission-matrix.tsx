"use client";

import { useEffect, useRef, useState } from "react";
import {
  ACTIONS,
  allOf,
  cellOf,
  groupState,
  isLocked,
  permissionAt,
  permissionsOf,
  permissionsOfAction,
  RESOURCES,
  toggle,
  toggleAll,
  unknownEntries,
  WIDE_ENTRIES,
} from "#components/roles/matrix.ts";
import { cn } from "#components/shared/cn.ts";
import { PERMISSION_MEANINGS } from "#components/shared/permission-meanings.ts";
import { Button } from "#components/ui/button.tsx";
import { Checkbox, CheckboxField } from "#components/ui/checkbox.tsx";
import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";

interface MatrixProps {
  role: string;
  entries: readonly string[];
  onChange: (entries: string[]) => void;
  readOnly: boolean;
  /** A permission that a link points to. */
  highlight: string | null;
}

const WIDE_MEANINGS: Readonly<Record<string, string>> = {
  "*": "Every permission, also those of later versions. A role that holds it is an administrator's.",
  read: "Ask for the state, read one's own messages and runs.",
  write: "Send messages, run code and stop one's own runs.",
};

/** What a role may do, as a table of resources and actions. Ticks that follow from a wider entry are locked and say which. */
export function PermissionMatrix(props: MatrixProps) {
  const { role, entries, onChange, readOnly } = props;
  const [search, setSearch] = useState("");
  const rows = RESOURCES.filter((resource) => matches(resource, search));
  return (
    <div className="flex min-w-0 flex-col gap-3">
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-1 font-medium">Bundles</legend>
        {WIDE_ENTRIES.map((entry) => {
          const { checked, impliedBy } = cellOf(entries, entry);
          return (
            <CheckboxField
              key={entry}
              label={entry === "*" ? "* (everything)" : entry}
              hint={`${WIDE_MEANINGS[entry] ?? ""}${impliedBy === null ? "" : ` Follows from ${impliedBy}.`}`}
              checked={checked}
              disabled={readOnly || impliedBy !== null}
              onChange={(event) => onChange(toggle(entries, entry, event.target.checked))}
            />
          );
        })}
      </fieldset>
      {unknownEntries(entries).map((entry) => (
        <p key={entry} className="flex flex-wrap items-center gap-2 text-warning">
          <span>
            <code className="font-mono text-xs">{entry}</code> is not known to this version and grants nothing.
          </span>
          {!readOnly && (
            <Button variant="outline" size="sm" onClick={() => onChange(toggle(entries, entry, false))}>
              Remove {entry}
            </Button>
          )}
        </p>
      ))}
      <Field label="Find a permission" className="max-w-sm">
        <Input
          type="search"
          value={search}
          placeholder="tokens, rotate, backup …"
          onChange={(event) => setSearch(event.target.value)}
        />
      </Field>
      <p role="status" className="sr-only">
        {search === "" ? "" : `${rows.length} resources match`}
      </p>
      {rows.length === 0 ? (
        <p className="text-muted-foreground">No permission matches “{search}”.</p>
      ) : (
        <div
          role="region"
          aria-label={`Permissions of role ${role}`}
          tabIndex={0}
          className="max-h-[32rem] scroll-pt-14 scroll-pl-36 overflow-auto rounded-lg border bg-card"
        >
          <table className="border-separate border-spacing-0 text-left">
            <caption className="sr-only">
              Resources in rows, actions in columns. A ticked box means the role may.
            </caption>
            <MatrixHead {...props} />
            <tbody>
              {rows.map((resource) => (
                <MatrixRow key={resource} resource={resource} {...props} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

const spoken = (name: string): string => name.replaceAll("_", " ");

function matches(resource: string, search: string): boolean {
  const wanted = search.trim().toLowerCase();
  return permissionsOf(resource).some((permission) =>
    `${permission} ${spoken(permission)} ${PERMISSION_MEANINGS[permission]}`.toLowerCase().includes(wanted),
  );
}

const HEAD = "sticky top-0 border-b bg-card";
const FIRST = "sticky left-0 border-r bg-card";

function MatrixHead({ role, entries, onChange, readOnly }: MatrixProps) {
  return (
    <thead>
      <tr>
        <th
          scope="col"
          className={cn(HEAD, FIRST, "z-20 min-w-28 px-3 text-xs font-medium text-muted-foreground sm:min-w-36")}
        >
          Resource
        </th>
        <th scope="col" className={cn(HEAD, "z-10 px-2 text-xs font-medium whitespace-nowrap text-muted-foreground")}>
          all, also later
        </th>
        {ACTIONS.map((action) => {
          const permissions = permissionsOfAction(action);
          return (
            <th
              key={action}
              scope="col"
              className={cn(HEAD, "z-10 px-2 text-xs font-medium whitespace-nowrap text-muted-foreground")}
            >
              <GroupBox
                name={spoken(action)}
                label={`${spoken(action)}: all resources for role ${role}`}
                permissions={permissions}
                entries={entries}
                readOnly={readOnly}
                onChange={onChange}
              />
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

function MatrixRow({ resource, role, entries, onChange, readOnly, highlight }: MatrixProps & { resource: string }) {
  const whole = cellOf(entries, allOf(resource));
  return (
    <tr className="hover:bg-muted/50">
      <th scope="row" className={cn(FIRST, "z-10 border-b px-3 font-normal")}>
        <GroupBox
          name={resource}
          label={`${resource}: all actions for role ${role}`}
          permissions={permissionsOf(resource)}
          entries={entries}
          readOnly={readOnly}
          onChange={onChange}
        />
      </th>
      <td className="border-b text-center">
        <Box
          label={`${resource}: everything, also of later versions, for role ${role}`}
          title={`${allOf(resource)}: every action on ${resource}, also those of later versions`}
          cell={whole}
          readOnly={readOnly}
          onChange={(on) => onChange(toggle(entries, allOf(resource), on))}
        />
      </td>
      {ACTIONS.map((action) => {
        const permission = permissionAt(resource, action);
        return (
          <td key={action} className="border-b text-center">
            {permission !== null && (
              <Box
                label={`${resource}: ${spoken(action)} for role ${role}`}
                title={`${permission}: ${PERMISSION_MEANINGS[permission]}`}
                cell={cellOf(entries, permission)}
                readOnly={readOnly}
                isTarget={permission === highlight}
                onChange={(on) => onChange(toggle(entries, permission, on))}
              />
            )}
          </td>
        );
      })}
    </tr>
  );
}

interface GroupBoxProps extends Pick<MatrixProps, "entries" | "onChange" | "readOnly"> {
  name: string;
  label: string;
  permissions: readonly string[];
}

function GroupBox({ name, label, permissions, entries, onChange, readOnly }: GroupBoxProps) {
  const state = groupState(entries, permissions);
  const words = { all: "all", some: "some", none: "none" }[state];
  return (
    <label className="flex min-h-9 cursor-pointer items-center gap-2 whitespace-nowrap has-disabled:cursor-not-allowed">
      <Checkbox
        aria-label={`${label} (${words} ticked)`}
        checked={state === "all"}
        indeterminate={state === "some"}
        disabled={readOnly || isLocked(entries, permissions)}
        onChange={() => onChange(toggleAll(entries, permissions, state !== "all"))}
      />
      {name}
    </label>
  );
}

interface BoxProps {
  label: string;
  title: string;
  cell: { checked: boolean; impliedBy: string | null };
  readOnly: boolean;
  isTarget?: boolean;
  onChange: (on: boolean) => void;
}

function Box({ label, title, cell: { checked, impliedBy }, readOnly, isTarget = false, onChange }: BoxProps) {
  const place = useRef<HTMLLabelElement>(null);
  useEffect(() => {
    if (isTarget) {
      place.current?.scrollIntoView({ block: "center", inline: "center" });
    }
  }, [isTarget]);
  const follows = impliedBy === null ? "" : `, follows from ${impliedBy}`;
  return (
    <label
      ref={place}
      title={`${title}${follows}`}
      data-target={isTarget || undefined}
      className="inline-flex size-9 cursor-pointer items-center justify-center rounded-md has-disabled:cursor-not-allowed data-target:outline-2 data-target:-outline-offset-2 data-target:outline-primary"
    >
      <Checkbox
        aria-label={`${label}${follows}`}
        checked={checked}
        disabled={readOnly || impliedBy !== null}
        onChange={(event) => onChange(event.target.checked)}
      />
    </label>
  );
}
