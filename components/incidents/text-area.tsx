import type { ComponentProps } from "react";
import { cn } from "#components/shared/cn.ts";

/** Several lines of text, dressed like the other inputs. */
export function TextArea({ className, ...props }: ComponentProps<"textarea">) {
  return (
    <textarea
      className={cn(
        "w-full min-w-0 rounded-md border border-input bg-card px-3 py-2 disabled:opacity-60 aria-invalid:border-destructive",
        className,
      )}
      {...props}
    />
  );
}
