/** Words of models that the configuration and the console share. Browser-safe. */

export const BUDGET_SCOPES = ["token", "user", "role", "channel"] as const;
export type BudgetScope = (typeof BUDGET_SCOPES)[number];
