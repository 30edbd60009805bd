/** tRPC adapter of alerts. */
import { acknowledgeAlert, getAlert, listAlerts } from "#server/alerts/alerts.ts";
import {
  AlertDetail,
  AlertFilter,
  AlertPage,
  AnyId,
  DeliveryDetail,
  DeliveryFilter,
  DeliveryPage,
  PointList,
  Preview,
  PreviewRule,
  RuleList,
  SavedPoint,
  SavePoint,
  ShownSecret,
  SilenceList,
  SwitchPoint,
} from "#server/alerts/console-schema.ts";
import {
  getAlertDelivery,
  listAlertDeliveries,
  resendAlertDelivery,
  sendPointTest,
} from "#server/alerts/deliveries.ts";
import { listPoints } from "#server/alerts/points/list-points.ts";
import { rotatePointSecret, showPointSecret } from "#server/alerts/points/point-secret.ts";
import { removePoint, savePoint, switchPoint } from "#server/alerts/points/save-point.ts";
import { isSecretWritten } from "#server/alerts/points/file-points.ts";
import { previewRule } from "#server/alerts/preview/preview.ts";
import { getRule, listRules } from "#server/alerts/rules/list-rules.ts";
import { createRule, deleteRule, pauseRule, updateRule } from "#server/alerts/rules/save-rule.ts";
import { PauseRule, Rule, RuleDraft, RuleId, SilenceDraft, UpdateRule } from "#server/alerts/schema.ts";
import { endSilence, listSilences, setSilence } from "#server/alerts/silences.ts";
import { router } from "#server/trpc/init.ts";
import { withPermission } from "#server/trpc/procedures.ts";

/** `alertRules.…` */
export const alertRulesRouter = router({
  list: withPermission("alerts", "read")
    .output(RuleList)
    .query(async ({ ctx: { services } }) => ({ rules: await listRules(services) })),
  byId: withPermission("alerts", "read")
    .input(RuleId)
    .output(Rule)
    .query(({ ctx: { services }, input }) => getRule(services, input.id)),
  create: withPermission("alerts", "write")
    .input(RuleDraft)
    .output(RuleId)
    .mutation(({ ctx: { services, session }, input }) => createRule(services.db, session.actor, input)),
  update: withPermission("alerts", "write")
    .input(UpdateRule)
    .output(RuleId)
    .mutation(async ({ ctx: { services, session }, input }) => {
      await updateRule(services.db, session.actor, input);
      return { id: input.id };
    }),
  pause: withPermission("alerts", "write", { stepUp: true })
    .input(PauseRule)
    .output(RuleId)
    .mutation(async ({ ctx: { services, session }, input }) => {
      await pauseRule(services.db, session.actor, input.id, input.paused);
      return { id: input.id };
    }),
  delete: withPermission("alerts", "write", { stepUp: true })
    .input(RuleId)
    .output(RuleId)
    .mutation(async ({ ctx: { services, session }, input }) => {
      await deleteRule(services.db, session.actor, input.id);
      return input;
    }),
  preview: withPermission("alerts", "read")
    .input(PreviewRule)
    .output(Preview)
    .query(({ ctx: { services }, input }) => previewRule(services.pool, input, new Date(services.clock.now()))),
});

/** `alertPoints.…` */
export const alertPointsRouter = router({
  list: withPermission("alerts", "read")
    .output(PointList)
    .query(async ({ ctx: { services } }) => ({
      points: await listPoints(services, new Date(services.clock.now())),
      configFile: services.paths.configFile,
      hasMailServer: services.config.current().config.security.monitoring.alerting.smtp !== undefined,
    })),
  save: withPermission("alerts", "write", { stepUp: true })
    .input(SavePoint)
    .output(SavedPoint)
    .mutation(({ ctx: { services, session }, input }) => savePoint(services, session.actor, input)),
  remove: withPermission("alerts", "write", { stepUp: true })
    .input(AnyId)
    .output(AnyId)
    .mutation(async ({ ctx: { services, session }, input }) => {
      await removePoint(services, session.actor, input.id);
      return input;
    }),
  switch: withPermission("alerts", "write", { stepUp: true })
    .input(SwitchPoint)
    .output(AnyId)
    .mutation(async ({ ctx: { services, session }, input }) => {
      await switchPoint(services, session.actor, input.id, input.enabled);
      return { id: input.id };
    }),
  rotateSecret: withPermission("alerts", "write", { stepUp: true })
    .input(AnyId)
    .output(ShownSecret)
    .mutation(({ ctx: { services, session }, input }) =>
      rotatePointSecret(services, session.actor, input.id, isSecretWritten(services.config, input.id)),
    ),
  showSecret: withPermission("alerts", "write", { stepUp: true })
    .input(AnyId)
    .output(ShownSecret)
    .mutation(({ ctx: { services, session }, input }) => showPointSecret(services, session.actor, input.id)),
  test: withPermission("alerts", "write")
    .input(AnyId)
    .output(AnyId)
    .mutation(({ ctx: { services, session }, input }) =>
      sendPointTest(services.db, session.actor, input.id, {
        origin: services.web.canonical,
        now: new Date(services.clock.now()),
      }),
    ),
});

/** `alertSilences.…` */
export const alertSilencesRouter = router({
  list: withPermission("alerts", "read")
    .output(SilenceList)
    .query(async ({ ctx: { services } }) => ({
      silences: await listSilences(services.db, new Date(services.clock.now())),
    })),
  set: withPermission("alerts", "write", { stepUp: true })
    .input(SilenceDraft)
    .output(AnyId)
    .mutation(({ ctx: { services, session }, input }) =>
      setSilence(services.db, session.actor, input, new Date(services.clock.now())),
    ),
  end: withPermission("alerts", "write")
    .input(AnyId)
    .output(AnyId)
    .mutation(async ({ ctx: { services, session }, input }) => {
      await endSilence(services.db, session.actor, input.id, new Date(services.clock.now()));
      return input;
    }),
});

export const alertsRouter = router({
  list: withPermission("alerts", "read")
    .input(AlertFilter)
    .output(AlertPage)
    .query(({ ctx: { services }, input }) => listAlerts(services.db, input)),
  byId: withPermission("alerts", "read")
    .input(AnyId)
    .output(AlertDetail)
    .query(({ ctx: { services }, input }) => getAlert(services.db, input.id)),
  acknowledge: withPermission("alerts", "write")
    .input(AnyId)
    .output(AnyId)
    .mutation(async ({ ctx: { services, session }, input }) => {
      await acknowledgeAlert(services.db, session.actor, input.id, new Date(services.clock.now()));
      return input;
    }),
  deliveries: withPermission("alerts", "read")
    .input(DeliveryFilter)
    .output(DeliveryPage)
    .query(({ ctx: { services }, input }) => listAlertDeliveries(services.db, input)),
  delivery: withPermission("alerts", "read")
    .input(AnyId)
    .output(DeliveryDetail)
    .query(({ ctx: { services }, input }) => getAlertDelivery(services.db, input.id)),
  resend: withPermission("alerts", "write")
    .input(AnyId)
    .output(AnyId)
    .mutation(async ({ ctx: { services, session }, input }) => {
      await resendAlertDelivery(services.db, session.actor, input.id, new Date(services.clock.now()));
      return input;
    }),
});
