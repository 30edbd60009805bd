"use client";

import { EyeIcon, EyeOffIcon } from "lucide-react";
import { useState, type ComponentProps, type ReactNode } from "react";
import { Button } from "#components/ui/button.tsx";
import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";
import { PASSWORD_MAX } from "#server/auth/policy.ts";

interface PasswordInputProps extends Omit<ComponentProps<"input">, "type" | "autoComplete"> {
  autoComplete: "current-password" | "new-password";
  /** Id of a further description, as the list of what a new password needs. */
  describedBy?: string;
}

interface PasswordFieldProps extends Omit<PasswordInputProps, "id"> {
  label: string;
  hint?: ReactNode;
  error?: string | null | undefined;
}

/** A password that its owner can look at: long ones are typed right more often. Pasting and password managers work as everywhere. */
export function PasswordField({ label, hint, error, ...props }: PasswordFieldProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      <PasswordInput {...props} />
    </Field>
  );
}

function PasswordInput({ describedBy, "aria-describedby": fieldDescribedBy, ...props }: PasswordInputProps) {
  const [shown, setShown] = useState(false);
  const label = shown ? "Hide password" : "Show password";
  const described = [fieldDescribedBy, describedBy].filter((id) => id !== undefined).join(" ");
  return (
    <div className="flex gap-2">
      <Input
        type={shown ? "text" : "password"}
        required
        maxLength={PASSWORD_MAX}
        autoCapitalize="none"
        autoCorrect="off"
        spellCheck={false}
        aria-describedby={described === "" ? undefined : described}
        {...props}
      />
      <Button
        variant="outline"
        size="icon"
        className="size-9"
        aria-label={label}
        title={label}
        onClick={() => setShown(!shown)}
      >
        {shown ? <EyeOffIcon aria-hidden /> : <EyeIcon aria-hidden />}
      </Button>
    </div>
  );
}
