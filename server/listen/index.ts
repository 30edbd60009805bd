export { openListener, type ListenerHandlers } from "#server/listen/listener.ts";
export { recordDoorRefusal } from "#server/listen/refusal.ts";
