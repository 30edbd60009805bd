/** The configuration as people change it: editor, history, export. What the rest of the product may use. */
export { exportPolicy } from "#server/configuration/export-policy.ts";
export { openConfigVersions } from "#server/configuration/history.ts";
export { planSetting, planText, type ChangePlan } from "#server/configuration/plan.ts";
export type { EditorContext } from "#server/configuration/document.ts";
export { appliedEvent, configurationServices, type ConfigurationServices } from "#server/configuration/services.ts";
