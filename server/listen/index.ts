export { openListener, type ListenerHandlers } from "#server/listen/listener.ts";
