/** Which processes a start consists of: a pure plan. */
import type { LoginRole } from "#server/core/db/roles.ts";

export const PART_NAMES = ["gateway", "console", "worker"] as const;
export type PartName = (typeof PART_NAMES)[number];

export type ProcessName = "server" | "worker" | "sealer";

export interface ProcessPlan {
  name: ProcessName;
  /** Entry file, relative to the project. */
  script: string;
  args: string[];
  databaseRole: LoginRole;
  /** The start fails when this process does not come up; others are tried again in the background. */
  essential: boolean;
  /** Milliseconds it gets to finish its work after SIGTERM. */
  drainMs: number;
}

export function isPartName(text: string): text is PartName {
  return (PART_NAMES as readonly string[]).includes(text);
}

/**
 * The processes for `only` (empty = everything), in the order they start. They are stopped in `STOP_ORDER`.
 * The record is sealed wherever the gateway or the console runs; one sealer at a time does the work, elected in the database.
 */
export function planProcesses(only: readonly PartName[]): ProcessPlan[] {
  const wanted = new Set<PartName>(only.length === 0 ? PART_NAMES : only);
  const plans: ProcessPlan[] = [];
  const withServer = wanted.has("gateway") || wanted.has("console");
  if (withServer) {
    plans.push({
      name: "sealer",
      script: "server/audit/sealer-main.ts",
      args: [],
      databaseRole: "sealer",
      essential: true,
      drainMs: 15_000,
    });
  }
  if (wanted.has("worker")) {
    plans.push({
      name: "worker",
      script: "sandbox-worker/main.ts",
      args: [],
      databaseRole: "worker",
      essential: !withServer,
      drainMs: 30_000,
    });
  }
  if (withServer) {
    const args = [
      ...(wanted.has("console") ? [] : ["--without-console"]),
      ...(wanted.has("gateway") ? [] : ["--without-gateway"]),
    ];
    plans.push({
      name: "server",
      script: "server/main.ts",
      args,
      databaseRole: "app",
      essential: true,
      drainMs: 25_000,
    });
  }
  return plans;
}

/** No new work first, then the work under way, then the record of it. */
export const STOP_ORDER: readonly ProcessName[] = ["server", "worker", "sealer"];
