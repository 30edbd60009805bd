"use client";

import { PERMISSION_MEANINGS } from "#components/shared/permission-meanings.ts";
import { CheckboxField } from "#components/ui/checkbox.tsx";
import { FieldError } from "#components/ui/field.tsx";
import { RadioGroup } from "#components/ui/radio-group.tsx";
import { can, PERMISSIONS } from "#server/access/permissions.ts";

interface ScopesFieldProps {
  /** What the role holds: nothing else can be chosen. */
  held: readonly string[];
  /** Null: all that the role has, now and later. */
  value: readonly string[] | null;
  onValueChange: (value: string[] | null) => void;
  error: string | undefined;
}

/** A token with fewer permissions than its role. An empty choice is not sent: to the gateway it would mean all. */
export function ScopesField({ held, value, onValueChange, error }: ScopesFieldProps) {
  const offered = PERMISSIONS.filter((permission) => can(held, permission));
  return (
    <div className="flex flex-col gap-2">
      <RadioGroup
        legend="Permissions"
        name="scopes"
        options={[
          { value: "all", label: "All of its role", hint: "Also those the role is given later." },
          { value: "some", label: "Only some of them", hint: "A token that leaks can do no more than these." },
        ]}
        value={value === null ? "all" : "some"}
        onValueChange={(choice) => onValueChange(choice === "all" ? null : [])}
      />
      {value !== null && (
        <fieldset className="flex max-h-64 flex-col gap-2 overflow-y-auto rounded-md border p-3">
          <legend className="sr-only">Permissions the token keeps</legend>
          {offered.map((permission) => (
            <CheckboxField
              key={permission}
              label={permission}
              hint={PERMISSION_MEANINGS[permission]}
              checked={value.includes(permission)}
              onChange={(event) =>
                onValueChange(
                  event.target.checked ? [...value, permission] : value.filter((other) => other !== permission),
                )
              }
            />
          ))}
        </fieldset>
      )}
      {error !== undefined && <FieldError>{error}</FieldError>}
    </div>
  );
}
