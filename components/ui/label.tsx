import type { ComponentProps } from "react";
import { cn } from "#components/shared/cn.ts";

export function Label({ className, ...props }: ComponentProps<"label">) {
  return <label data-slot="label" className={cn("font-medium", className)} {...props} />;
}
