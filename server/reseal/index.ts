/** Bringing stored values to the encryption in force: what other modules may use. */
export { SEALED_COLUMNS } from "#server/reseal/columns.ts";
export { rewriteTables } from "#server/reseal/rewrite-tables.ts";
export { resealDatabase, type ColumnProgress } from "#server/reseal/reseal.ts";
