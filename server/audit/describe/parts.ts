/** Pieces of sentences about an event. Pure. */
import type { AuditEntry } from "#server/audit/reading/query.ts";

/** A member of the event's data as text; null when there is none, or something else stands there. */
export function dataText({ data }: Pick<AuditEntry, "data">, name: string): string | null {
  const value = Object.hasOwn(data, name) ? data[name] : undefined;
  return (typeof value === "string" && value !== "") || typeof value === "number" ? String(value) : null;
}

/** On whose account it went, as a sentence begins: the end user, or else whoever acted. */
export function whoOf({ userId, actorType, actorId }: AuditEntry): string {
  if (userId !== undefined) {
    return userId;
  }
  switch (actorType) {
    case "anonymous":
      return `Somebody at ${actorId}`;
    case "operator":
      return actorId === actorType ? "The operator" : `The operator (${actorId})`;
    case "system":
    case "worker":
      return `The ${actorType === "system" ? "gateway" : "worker"}`;
    default:
      return `${actorType.charAt(0).toUpperCase()}${actorType.slice(1)} ${actorId}`;
  }
}

/** How many refusals one record stands for. */
export function timesOf({ data }: AuditEntry): string {
  const { count } = data;
  return typeof count === "number" && count > 1 ? ` (${count} times)` : "";
}

/** `auth.member_locked` → `Auth: member locked`, for names that nobody wrote words for. */
export function spelledOut(event: string): string {
  const [area = "", ...rest] = event.split(".");
  const words = rest.join(" ").replaceAll("_", " ");
  const title = `${area.charAt(0).toUpperCase()}${area.slice(1)}`;
  return words === "" ? title : `${title}: ${words}`;
}
