/** How bad an advisory is, from whichever way it says so. Pure. */
import type { VulnerabilitySeverity } from "#server/vulnerabilities/schema.ts";

const WORDS: Readonly<Record<string, VulnerabilitySeverity>> = {
  critical: "critical",
  high: "high",
  important: "high",
  moderate: "moderate",
  medium: "moderate",
  low: "low",
  info: "low",
  minor: "low",
  negligible: "low",
  unimportant: "low",
};

/** The first of the words that is known. */
export function severityOfWord(...words: readonly (string | null | undefined)[]): VulnerabilitySeverity {
  const known = words.find((word) => typeof word === "string" && Object.hasOwn(WORDS, word.toLowerCase()));
  return WORDS[known?.toLowerCase() ?? ""] ?? "unknown";
}

/** Bands of CVSS v3.1, § 5. */
export function severityOfScore(score: number): VulnerabilitySeverity {
  return score >= 9 ? "critical" : score >= 7 ? "high" : score >= 4 ? "moderate" : score > 0 ? "low" : "unknown";
}

const WEIGHTS = {
  AV: { N: 0.85, A: 0.62, L: 0.55, P: 0.2 },
  AC: { L: 0.77, H: 0.44 },
  UI: { N: 0.85, R: 0.62 },
  C: { H: 0.56, L: 0.22, N: 0 },
  I: { H: 0.56, L: 0.22, N: 0 },
  A: { H: 0.56, L: 0.22, N: 0 },
} as const;
const PRIVILEGES = { U: { N: 0.85, L: 0.62, H: 0.27 }, C: { N: 0.85, L: 0.68, H: 0.5 } } as const;

const weightOf = (table: Readonly<Record<string, number>>, letter: string | undefined): number | undefined =>
  letter !== undefined && Object.hasOwn(table, letter) ? table[letter] : undefined;

/** The base score of a CVSS 3.0 or 3.1 vector (specification v3.1, § 7.1); null for what is no such vector. */
export function cvss3Score(vector: string): number | null {
  if (!/^CVSS:3\.[01]\//.test(vector)) {
    return null;
  }
  const letters = new Map(vector.split("/").map((part) => part.split(":") as [string, string]));
  const scope = letters.get("S");
  if (scope !== "U" && scope !== "C") {
    return null;
  }
  const [av, ac, ui, c, i, a] = (["AV", "AC", "UI", "C", "I", "A"] as const).map((metric) =>
    weightOf(WEIGHTS[metric], letters.get(metric)),
  );
  const pr = weightOf(PRIVILEGES[scope], letters.get("PR"));
  if ([av, ac, ui, c, i, a, pr].includes(undefined)) {
    return null;
  }
  const iss = 1 - (1 - (c ?? 0)) * (1 - (i ?? 0)) * (1 - (a ?? 0));
  const impact = scope === "U" ? 6.42 * iss : 7.52 * (iss - 0.029) - 3.25 * (iss - 0.02) ** 15;
  if (impact <= 0) {
    return 0;
  }
  const exploitability = 8.22 * (av ?? 0) * (ac ?? 0) * (pr ?? 0) * (ui ?? 0);
  return roundUp(Math.min((scope === "U" ? 1 : 1.08) * (impact + exploitability), 10));
}

/** Appendix A: to one decimal, upwards, without the errors of binary fractions. */
function roundUp(value: number): number {
  const scaled = Math.round(value * 100_000);
  return scaled % 10_000 === 0 ? scaled / 100_000 : (Math.floor(scaled / 10_000) + 1) / 10;
}
