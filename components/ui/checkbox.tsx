"use client";

import { useEffect, useRef, type ComponentProps } from "react";
import { cn } from "#components/shared/cn.ts";

interface CheckboxProps extends Omit<ComponentProps<"input">, "type" | "ref"> {
  /** Some but not all of what the box stands for. */
  indeterminate?: boolean;
}

/** The browser's own checkbox with the accent colour. Put it inside a `label` with a target of at least 24 px, or use `CheckboxField`. */
export function Checkbox({ className, indeterminate = false, ...props }: CheckboxProps) {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (box.current !== null) {
      box.current.indeterminate = indeterminate;
    }
  }, [indeterminate, props.checked]);
  return (
    <input
      ref={box}
      type="checkbox"
      data-slot="checkbox"
      className={cn("size-4 shrink-0 cursor-pointer accent-primary disabled:cursor-not-allowed", className)}
      {...props}
    />
  );
}

interface CheckboxFieldProps extends CheckboxProps {
  label: string;
  hint?: string;
}

/** A checkbox with its label, and what ticking it does. */
export function CheckboxField({ label, hint, className, ...props }: CheckboxFieldProps) {
  return (
    <label className={cn("flex min-h-6 cursor-pointer items-start gap-2 has-disabled:cursor-not-allowed", className)}>
      <Checkbox className="mt-0.5" {...props} />
      <span className="min-w-0">
        {label}
        {hint !== undefined && <span className="block text-muted-foreground">{hint}</span>}
      </span>
    </label>
  );
}
