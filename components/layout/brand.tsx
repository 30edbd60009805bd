import { ShieldIcon } from "lucide-react";
import { cn } from "#components/shared/cn.ts";

export function Brand({ compact = false }: { compact?: boolean }) {
  return (
    <p className="flex items-center gap-2 font-semibold whitespace-nowrap">
      <ShieldIcon aria-hidden className="size-4 shrink-0 text-primary" />
      <span className={cn(compact && "sr-only")}>OpenClaw Gateway</span>
    </p>
  );
}
