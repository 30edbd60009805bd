/** Where the console is, for links that are printed. */
import { z } from "zod";
import type { CliContext } from "./context.ts";
import type { AuditEventName } from "#server/audit/events.ts";
import { loadConfig } from "#server/config/index.ts";
import type { Db } from "#server/core/db/client.ts";
import { gatewayOrigin } from "#server/core/http/web-origin.ts";

const StartedData = z.object({ port: z.number().int().positive() });

/** The origin under which browsers reach the console. */
export async function consoleOrigin(context: CliContext, db: Db): Promise<string> {
  const { gateway } = loadConfig(context.paths.configFile).config;
  return gatewayOrigin(gateway, (await lastPort(db)) ?? gateway.port).canonical;
}

/** The port the server said it listens on when it last started, which `npm start -- --port N` may have chosen. */
async function lastPort(db: Db): Promise<number | null> {
  const event = "system.started" satisfies AuditEventName;
  const started = await db.auditEvent.findFirst({ where: { event }, orderBy: { seq: "desc" }, select: { data: true } });
  const data = StartedData.safeParse(started?.data);
  return data.success ? data.data.port : null;
}
