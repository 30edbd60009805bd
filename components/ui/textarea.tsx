import type { ComponentProps } from "react";
import { cn } from "#components/shared/cn.ts";

export function Textarea({ className, ...props }: ComponentProps<"textarea">) {
  return (
    <textarea
      data-slot="textarea"
      className={cn(
        "min-h-20 w-full min-w-0 rounded-md border border-input bg-card px-3 py-2 aria-invalid:border-destructive",
        className,
      )}
      {...props}
    />
  );
}
