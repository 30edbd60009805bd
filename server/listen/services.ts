import type { AppServices } from "#server/services.ts";

/** What the sockets need of the process. */
export type ListenServices = Pick<AppServices, "config" | "paths" | "audit" | "refusals" | "log" | "web" | "listen">;
