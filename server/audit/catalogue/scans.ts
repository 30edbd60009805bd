import type { EventText } from "#server/audit/catalogue/text.ts";

const SCAN = "Id of the scan.";

export const SCANS = {
  "scan.finished": {
    meaning: "A security scan was made and its result kept.",
    target: SCAN,
    reason: "`schedule`, `console` or `cli`.",
    fields: {
      score: "From 0 to 100.",
      grade: "`A` to `F`.",
      critical: "How many findings are critical.",
      warn: "How many findings are warnings.",
      info: "How many findings are advice.",
      suppressed: "How many findings are suppressed.",
      fresh: "How many findings the scan before did not have.",
      complete: "Whether every check could run.",
    },
  },
  "scan.regressed": {
    meaning: "A security scan has critical findings that the scan before did not have.",
    target: SCAN,
    reason: "`new_critical_findings`.",
    fields: {
      count: "How many.",
      checks: "Ids of their checks.",
      score: "The score now.",
      before: "The score before; null at the first scan.",
    },
  },
  "scan.suppressed": {
    meaning: "Somebody accepted findings of a check for a time.",
    target: "Id of the check.",
    reason: "`suppressed`.",
    fields: {
      suppression: "Id of the suppression.",
      match: "Text that a finding has to hold; null = every finding of the check.",
      why: "The reason that was given.",
      until: "When it ends (ISO 8601, UTC).",
    },
  },
  "scan.suppression_ended": {
    meaning: "A suppression of findings was taken back before its time.",
    target: "Id of the check.",
    reason: "`taken_back`.",
    fields: { suppression: "Id of the suppression." },
  },
} as const satisfies Record<string, EventText>;
