import {
  BanIcon,
  CircleCheckIcon,
  CircleDashedIcon,
  CircleXIcon,
  ClockIcon,
  InfoIcon,
  LoaderCircleIcon,
  ShieldXIcon,
  TriangleAlertIcon,
  type LucideIcon,
} from "lucide-react";
import { Badge, type BadgeVariant } from "#components/ui/badge.tsx";

/** Every kind of state the console shows, each with its colour and sign. Text says which; colour never alone. */
const STATUSES = {
  ok: { icon: CircleCheckIcon, variant: "success" },
  busy: { icon: LoaderCircleIcon, variant: "active" },
  waiting: { icon: ClockIcon, variant: "neutral" },
  info: { icon: InfoIcon, variant: "active" },
  warning: { icon: TriangleAlertIcon, variant: "warning" },
  ending: { icon: ClockIcon, variant: "warning" },
  stopped: { icon: BanIcon, variant: "neutral" },
  denied: { icon: ShieldXIcon, variant: "warning" },
  failed: { icon: CircleXIcon, variant: "destructive" },
  none: { icon: CircleDashedIcon, variant: "neutral" },
} as const satisfies Record<string, { icon: LucideIcon; variant: BadgeVariant }>;

export type Status = keyof typeof STATUSES;

export function StatusBadge({ status, children }: { status: Status; children: string }) {
  const { icon: Icon, variant } = STATUSES[status];
  return (
    <Badge variant={variant}>
      <Icon aria-hidden />
      {children}
    </Badge>
  );
}
