/** Says that rules, silences or contact points changed, so that the next round comes at once. */
import type { Tx } from "#server/core/db/client.ts";

export const ALERTS_CHANGED = "openclaw_alerts";

export const announceAlerts = (tx: Tx): Promise<number> => tx.$executeRaw`SELECT pg_notify(${ALERTS_CHANGED}, '')`;
