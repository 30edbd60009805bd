/** What other domains, processes and the command line may import of alerts. */
import { openAlertSender } from "#server/alerts/deliver/loop.ts";
import { openEvaluator, type EvaluatorDeps } from "#server/alerts/evaluate/loop.ts";
import type { HomePaths } from "#server/core/paths.ts";

export { acknowledgeAlert, listAlerts } from "#server/alerts/alerts.ts";
export {
  getAlertDelivery,
  listAlertDeliveries,
  resendAlertDelivery,
  sendPointTest,
} from "#server/alerts/deliveries.ts";
export { heldPointSecrets } from "#server/alerts/points/held-secrets.ts";
export { listPoints } from "#server/alerts/points/list-points.ts";
export { rotatePointSecret, showPointSecret } from "#server/alerts/points/point-secret.ts";
export { isSecretWritten } from "#server/alerts/points/file-points.ts";
export { listRules } from "#server/alerts/rules/list-rules.ts";
export { pauseRule } from "#server/alerts/rules/save-rule.ts";
export { conditionText } from "#server/alerts/summary.ts";
export { endSilence, listSilences, matcherText, setSilence } from "#server/alerts/silences.ts";

export interface Alerting {
  /** Takes nothing new and waits for what is being sent, for at most `drainMs`. What waits is sent by the next server. */
  close(drainMs: number): Promise<void>;
}

/** Evaluates rules and sends notifications. Every server process does; a lease sees to it that each thing is done once. */
export async function openAlerting(deps: EvaluatorDeps & { paths: Pick<HomePaths, "home"> }): Promise<Alerting> {
  const sender = await openAlertSender(deps);
  const evaluator = await openEvaluator(deps);
  return {
    async close(drainMs) {
      await evaluator.close();
      await sender.close(drainMs);
    },
  };
}
