"use client";

import { useEffect, useRef, type ComponentProps } from "react";
import { TextField } from "#components/auth/text-field.tsx";

/** Digits of an authenticator's code. */
const CODE_LENGTH = 6;

interface CodeFieldProps extends Omit<ComponentProps<typeof TextField>, "onChange" | "value" | "label"> {
  label?: string;
  value: string;
  onChange: (code: string) => void;
  /** Called with a whole code, so that nobody has to press Enter; the button works all the same. */
  onComplete?: (code: string) => void;
}

/** The six digits of an authenticator app: one input, so that paste, autofill and password managers work. */
export function CodeField({ label = "6-digit code", value, onChange, onComplete, ...props }: CodeFieldProps) {
  const sent = useRef("");

  useEffect(() => {
    if (value.length < CODE_LENGTH) {
      sent.current = "";
    }
  }, [value]);

  function change(text: string) {
    const code = text.replaceAll(/\D/g, "").slice(0, CODE_LENGTH);
    onChange(code);
    if (code.length === CODE_LENGTH && sent.current !== code) {
      sent.current = code;
      onComplete?.(code);
    }
  }

  return (
    <TextField
      label={label}
      name="code"
      autoComplete="one-time-code"
      inputMode="numeric"
      required
      // Spaces in a pasted code are taken out before it is cut.
      pattern="[0-9]{6}"
      title="Six digits"
      placeholder="000000"
      className="font-mono text-lg tracking-[0.3em]"
      value={value}
      onChange={(event) => change(event.target.value)}
      {...props}
    />
  );
}
