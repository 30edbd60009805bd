/** What has to be looked at now and then. Browser-safe. */
export const MAINTENANCE_ITEMS = [
  "vulnerability_check",
  "token_rotation",
  "permission_audit",
  "log_review",
  "security_scan",
  "backup_verification",
] as const;
export type MaintenanceItem = (typeof MAINTENANCE_ITEMS)[number];

export interface DueItem {
  item: MaintenanceItem;
  label: string;
  /** When it was last done; null = never, as far as is known. */
  lastAt: Date | null;
  /** Null where there is nothing to do, such as no token to rotate. */
  dueAt: Date | null;
  state: "ok" | "due";
  /** What does it. */
  command: string;
}
