/** When each part of the upkeep is due. Pure; from facts alone, so that nobody can tick it off without having done it. */
import { MAINTENANCE_ITEMS, type DueItem, type MaintenanceItem } from "#server/maintenance/schema.ts";

/** Milliseconds between two times. */
export type MaintenanceIntervals = Readonly<Record<MaintenanceItem, number>>;

export interface MaintenanceFacts {
  /** When each was last done; null = never, undefined = there is nothing to do. */
  last: Readonly<Record<MaintenanceItem, Date | null | undefined>>;
  /** Since when there is something to maintain: what was never done is due one interval after that. */
  since: Date;
}

const WORDS: Record<MaintenanceItem, { label: string; command: string }> = {
  vulnerability_check: { label: "Security updates", command: "openclaw security check-vulnerabilities" },
  token_rotation: { label: "Token rotation", command: "openclaw gateway rotate-token" },
  permission_audit: { label: "Permission audit", command: "openclaw security check-permissions" },
  log_review: { label: "Log review", command: "openclaw security report --last 30d" },
  security_scan: { label: "Security scan", command: "openclaw security scan" },
  backup_verification: { label: "Backup verification", command: "openclaw security verify-backup latest" },
};

/** In the order of the guide. */
export function dueItems({ last, since }: MaintenanceFacts, intervals: MaintenanceIntervals, now: Date): DueItem[] {
  return MAINTENANCE_ITEMS.map((item) => {
    const lastAt = last[item];
    const dueAt = lastAt === undefined ? null : new Date((lastAt ?? since).getTime() + intervals[item]);
    return {
      item,
      ...WORDS[item],
      lastAt: lastAt ?? null,
      dueAt,
      state: dueAt !== null && dueAt <= now ? "due" : "ok",
    };
  });
}
