import type { ComponentProps } from "react";
import { cn } from "#components/shared/cn.ts";

interface RadioOption<Value extends string> {
  value: Value;
  label: string;
  hint?: string;
  disabled?: boolean;
}

interface RadioGroupProps<Value extends string> extends Omit<ComponentProps<"fieldset">, "onChange"> {
  legend: string;
  name: string;
  options: readonly RadioOption<Value>[];
  value: Value;
  onValueChange: (value: Value) => void;
}

export function RadioGroup<Value extends string>({
  legend,
  name,
  options,
  value,
  onValueChange,
  className,
  ...props
}: RadioGroupProps<Value>) {
  return (
    <fieldset data-slot="radio-group" className={cn("flex flex-col gap-2", className)} {...props}>
      <legend className="mb-1.5 font-medium">{legend}</legend>
      {options.map((option) => (
        <label
          key={option.value}
          className="flex min-h-6 cursor-pointer items-start gap-2 has-disabled:cursor-not-allowed has-disabled:opacity-60"
        >
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            disabled={option.disabled}
            onChange={() => onValueChange(option.value)}
            className="mt-0.5 size-4 shrink-0 cursor-pointer accent-primary"
          />
          <span className="min-w-0">
            {option.label}
            {option.hint !== undefined && <span className="block text-muted-foreground">{option.hint}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
