import {
  BanIcon,
  CircleCheckIcon,
  CircleHelpIcon,
  CircleXIcon,
  ClockIcon,
  LoaderCircleIcon,
  type LucideIcon,
} from "lucide-react";
import { Badge, type BadgeVariant } from "#components/ui/badge.tsx";

const STATES: Record<string, { icon: LucideIcon; variant: BadgeVariant; text: string }> = {
  queued: { icon: ClockIcon, variant: "neutral", text: "Queued" },
  running: { icon: LoaderCircleIcon, variant: "active", text: "Running" },
  succeeded: { icon: CircleCheckIcon, variant: "success", text: "Succeeded" },
  failed: { icon: CircleXIcon, variant: "destructive", text: "Failed" },
  cancelled: { icon: BanIcon, variant: "warning", text: "Cancelled" },
};

export function RunStateBadge({ state }: { state: string }) {
  const {
    icon: Icon,
    variant,
    text,
  } = STATES[state] ?? { icon: CircleHelpIcon, variant: "neutral" as const, text: state };
  return (
    <Badge variant={variant}>
      <Icon aria-hidden />
      {text}
    </Badge>
  );
}
