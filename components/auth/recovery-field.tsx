"use client";

import { TextField } from "#components/auth/text-field.tsx";

/** One recovery code, as it was printed: case, spaces and dashes do not matter to the gateway. */
export function RecoveryField({ value, onChange }: { value: string; onChange: (code: string) => void }) {
  return (
    <TextField
      label="Recovery code"
      hint="One of the codes you saved when you set up your second factor. Each works once."
      name="recoveryCode"
      autoComplete="off"
      autoCapitalize="none"
      spellCheck={false}
      maxLength={40}
      required
      autoFocus
      className="font-mono"
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
