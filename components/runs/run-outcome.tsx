import { BanIcon, CircleCheckIcon, ClockIcon, LoaderCircleIcon, OctagonXIcon, type LucideIcon } from "lucide-react";
import { Alert } from "#components/ui/alert.tsx";
import { outcomeOf } from "#server/runs/policy.ts";
import type { RunDetailOutput } from "#server/runs/schema.ts";

const ICONS: Record<ReturnType<typeof outcomeOf>["tone"], LucideIcon> = {
  waiting: ClockIcon,
  running: LoaderCircleIcon,
  good: CircleCheckIcon,
  stopped: BanIcon,
  bad: OctagonXIcon,
};
const VARIANTS = { waiting: "info", running: "info", good: "info", stopped: "warning", bad: "destructive" } as const;

/** How the run stands or ended, in words. */
export function RunOutcome({ run }: { run: RunDetailOutput["run"] }) {
  const { tone, title, text } = outcomeOf(run);
  const Icon = ICONS[tone];
  return (
    <Alert variant={VARIANTS[tone]} role="status">
      <Icon aria-hidden />
      <div className="min-w-0">
        <p className="font-medium">{title}</p>
        <p className="break-words text-muted-foreground">{text}</p>
        {run.outputTruncated && <p className="text-muted-foreground">Its output was cut at the limit.</p>}
      </div>
    </Alert>
  );
}
