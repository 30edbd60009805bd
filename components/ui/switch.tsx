import type { ComponentProps } from "react";
import { cn } from "#components/shared/cn.ts";

interface SwitchProps extends Omit<ComponentProps<"input">, "type" | "role"> {
  /** What is on or off. */
  label: string;
}

/** For settings that act at once. In forms that are sent, use a checkbox. */
export function Switch({ label, className, ...props }: SwitchProps) {
  return (
    <label
      className={cn(
        "inline-flex min-h-6 cursor-pointer items-center gap-2 has-disabled:cursor-not-allowed has-disabled:opacity-60",
        className,
      )}
    >
      <input
        type="checkbox"
        role="switch"
        data-slot="switch"
        className="relative h-5 w-9 shrink-0 cursor-pointer appearance-none rounded-full border border-input bg-muted transition-colors duration-200 before:absolute before:top-0.5 before:left-0.5 before:size-3.5 before:rounded-full before:bg-muted-foreground before:transition-transform before:duration-200 checked:border-primary checked:bg-primary checked:before:translate-x-4 checked:before:bg-primary-foreground forced-colors:appearance-auto"
        {...props}
      />
      {label}
    </label>
  );
}
