/** Upkeep: what is due, from facts, and reminders of it. */
export { maintenanceIntervals, readMaintenanceFacts } from "#server/maintenance/facts.ts";
export { remind } from "#server/maintenance/notices.ts";
