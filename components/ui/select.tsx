import { ChevronDownIcon } from "lucide-react";
import type { ComponentProps } from "react";
import { cn } from "#components/shared/cn.ts";

/** The browser's own select, dressed like the other inputs: light, and every device knows how to operate it. */
export function Select({ className, ...props }: ComponentProps<"select">) {
  return (
    <span data-slot="select" className={cn("relative inline-flex w-full min-w-0", className)}>
      <select
        className="h-9 w-full min-w-0 cursor-pointer appearance-none truncate rounded-md border border-input bg-card pr-8 pl-3 disabled:cursor-not-allowed disabled:opacity-60 aria-invalid:border-destructive"
        {...props}
      />
      <ChevronDownIcon
        aria-hidden
        className="pointer-events-none absolute top-1/2 right-2.5 size-4 -translate-y-1/2 text-muted-foreground"
      />
    </span>
  );
}
