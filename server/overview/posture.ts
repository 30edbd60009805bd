/**
 * The guide's security checklist, each line judged from what is so now (OPS-1): nothing here is a box that somebody ticked. Pure.
 */
import type { PostureFacts } from "#server/overview/judged.ts";
import { maintenanceLines } from "#server/overview/posture-maintenance.ts";
import { setupLines } from "#server/overview/posture-setup.ts";
import type { Posture, PostureLine } from "#server/overview/schema.ts";

export function posture(facts: PostureFacts): Posture {
  const lines = [...setupLines(facts), ...maintenanceLines(facts)];
  return { at: facts.at, lines, ...scoreOf(lines) };
}

/** A line that is done counts whole, one to do half, one at risk nothing; what is not known does not count. */
function scoreOf(lines: readonly PostureLine[]): { score: number | null; explanation: string } {
  const count = (state: PostureLine["state"]): number => lines.filter((line) => line.state === state).length;
  const [done, todo, risk, unknown] = [count("done"), count("todo"), count("risk"), count("unknown")];
  const known = done + todo + risk;
  const parts = [`${done} done`, `${todo} to do (count half)`, `${risk} at risk (count nothing)`];
  return {
    score: known === 0 ? null : Math.round((100 * (done + todo / 2)) / known),
    explanation: `${parts.join(", ")}${unknown === 0 ? "" : `; ${unknown} not known and left out`}`,
  };
}
