import type { ReactNode } from "react";
import { cn } from "#components/shared/cn.ts";

/** Names and values, one `DescriptionItem` each. */
export function DescriptionList({ className, children }: { className?: string; children: ReactNode }) {
  return (
    <dl
      data-slot="description-list"
      className={cn("grid grid-cols-1 gap-x-6 gap-y-2 sm:grid-cols-[minmax(7rem,auto)_1fr]", className)}
    >
      {children}
    </dl>
  );
}

/** `mono` for ids, addresses and times. */
export function DescriptionItem({
  name,
  mono = false,
  children,
}: {
  name: string;
  mono?: boolean;
  children: ReactNode;
}) {
  return (
    <div className="min-w-0 sm:contents">
      <dt className="text-muted-foreground">{name}</dt>
      <dd className={cn("min-w-0 break-words", mono && "font-mono text-xs leading-5 break-all")}>{children}</dd>
    </div>
  );
}
