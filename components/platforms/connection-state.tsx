import { StatusBadge } from "#components/ui/status-badge.tsx";
import type { ConnectionRow } from "#server/channels/console-schema.ts";

export function ConnectionState({ state }: Pick<ConnectionRow, "state">) {
  switch (state) {
    case "on":
      return <StatusBadge status="ok">Connected</StatusBadge>;
    case "off":
      return <StatusBadge status="stopped">Switched off</StatusBadge>;
    case "not_configured":
      return <StatusBadge status="failed">Not configured</StatusBadge>;
  }
}
