"use client";

import { CircleCheckIcon, CircleDotIcon, CircleIcon } from "lucide-react";
import { useId } from "react";
import { PasswordField } from "#components/auth/password-field.tsx";
import { PASSWORD_MIN } from "#server/auth/policy.ts";

interface NewPasswordFieldProps {
  label?: string;
  name?: string;
  value: string;
  onChange: (password: string) => void;
  error: string | null | undefined;
}

/** Whether the browser can let a new password go on to the gateway, which judges the rest. */
export function isLongEnough(password: string): boolean {
  return Array.from(password).length >= PASSWORD_MIN;
}

/** A new password with the list of what it must satisfy; its length is ticked off while typing. */
export function NewPasswordField({
  label = "Password",
  name = "password",
  value,
  onChange,
  error,
}: NewPasswordFieldProps) {
  const rulesId = useId();
  const isLong = isLongEnough(value);
  return (
    <div className="flex flex-col gap-2">
      <PasswordField
        label={label}
        name={name}
        autoComplete="new-password"
        describedBy={rulesId}
        error={error}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
      <ul
        id={rulesId}
        aria-label="What the password needs"
        className="flex flex-col gap-1 text-muted-foreground [&_li]:flex [&_li]:gap-2 [&_svg]:mt-0.5 [&_svg]:size-4 [&_svg]:shrink-0"
      >
        <li>
          {isLong ? <CircleCheckIcon aria-hidden className="text-success" /> : <CircleIcon aria-hidden />}
          <span>
            At least {PASSWORD_MIN} characters
            <span className="sr-only">{isLong ? ": met" : ": not met yet"}</span>
          </span>
        </li>
        <li>
          <CircleDotIcon aria-hidden />
          Not a common one, and not made of your name or e-mail. Four or five random words work well.
        </li>
      </ul>
    </div>
  );
}
