import type { ComponentProps } from "react";
import { cn } from "#components/shared/cn.ts";

export function Input({ className, ...props }: ComponentProps<"input">) {
  return (
    <input
      data-slot="input"
      className={cn(
        "h-9 w-full min-w-0 rounded-md border border-input bg-card px-3 aria-invalid:border-destructive",
        className,
      )}
      {...props}
    />
  );
}
