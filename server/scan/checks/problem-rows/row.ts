/** One kind of problem of the configuration, recognised by its key path and reason. */
import type { Problem } from "#server/config/index.ts";
import type { ScanArea, ScanSeverity } from "#server/scan/policy.ts";

export interface Row {
  id: string;
  area: ScanArea;
  severity: ScanSeverity;
  title: string;
  why: string;
  /** Of the key path. */
  path: RegExp;
  /** Of the reason; absent = any. */
  reason?: RegExp;
  /** Only errors or only warnings; absent = both. */
  of?: Problem["severity"];
}

export const row = (
  id: string,
  area: ScanArea,
  severity: ScanSeverity,
  title: string,
  why: string,
  path: RegExp,
  more: Pick<Row, "reason" | "of"> = {},
): Row => ({ id, area, severity, title, why, path, ...more });

const STEP = String.raw`(?:\.[\w$-]+|\["(?:[^"\\]|\\.)*"\])`;
export const under = (prefix: string, rest = ""): RegExp =>
  new RegExp(`^${prefix.replaceAll(".", "\\.").replaceAll("*", STEP)}${rest}$`);
