/** Every router of the console. */
import { channelsRouter } from "#server/access/channels/router.ts";
import { rolesRouter } from "#server/access/roles/router.ts";
import { usersRouter } from "#server/access/users/router.ts";
import { anomaliesRouter } from "#server/anomalies/router.ts";
import { accountRouter } from "#server/account/router.ts";
import { alertPointsRouter, alertRulesRouter, alertSilencesRouter, alertsRouter } from "#server/alerts/router.ts";
import { quarantineRouter } from "#server/files/router.ts";
import { pairingRouter } from "#server/channels/pairing/router.ts";
import { keysRouter } from "#server/key-rotation/router.ts";
import { incidentsRouter } from "#server/incidents/router.ts";
import { backupsRouter } from "#server/backups/router.ts";
import { auditRouter } from "#server/audit/router.ts";
import { membersRouter } from "#server/members/router.ts";
import { metricsRouter } from "#server/metrics/router.ts";
import { modelsRouter } from "#server/models/router.ts";
import { approvalsRouter } from "#server/gateway/approvals/router.ts";
import { policyRouter } from "#server/gateway/router.ts";
import { connectionsRouter } from "#server/channels/router.ts";
import { configurationRouter } from "#server/configuration/router.ts";
import { limitsRouter } from "#server/limits/router.ts";
import { overviewRouter } from "#server/overview/router.ts";
import { runsRouter } from "#server/runs/router.ts";
import { scansRouter } from "#server/scan/router.ts";
import { chatFactorsRouter } from "#server/step-up/router.ts";
import { tokensRouter } from "#server/tokens/router.ts";
import { createCallerFactory, router } from "#server/trpc/init.ts";

export const appRouter = router({
  account: accountRouter,
  alertPoints: alertPointsRouter,
  alertRules: alertRulesRouter,
  alertSilences: alertSilencesRouter,
  alerts: alertsRouter,
  anomalies: anomaliesRouter,
  approvals: approvalsRouter,
  backups: backupsRouter,
  audit: auditRouter,
  channels: channelsRouter,
  chatFactors: chatFactorsRouter,
  configuration: configurationRouter,
  connections: connectionsRouter,
  incidents: incidentsRouter,
  keys: keysRouter,
  limits: limitsRouter,
  members: membersRouter,
  metrics: metricsRouter,
  models: modelsRouter,
  overview: overviewRouter,
  pairing: pairingRouter,
  policy: policyRouter,
  quarantine: quarantineRouter,
  roles: rolesRouter,
  runs: runsRouter,
  scans: scansRouter,
  tokens: tokensRouter,
  users: usersRouter,
});

export type AppRouter = typeof appRouter;
export const createCaller = createCallerFactory(appRouter);
