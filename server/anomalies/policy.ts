/** Words of the anomaly detection that screens use as they are; without the library of schemas, which they need not load. */

export const REASONS = ["new_extreme", "higher", "lower", "misfit", "level_moved", "jump", "frozen"] as const;
/**
 * Why a value surprises: beyond everything seen · higher / lower than expected · not fitting for many rows · the recent level far from
 * the usual one · far from the value before · not changing any more.
 */
export type Reason = (typeof REASONS)[number];

export const REASON_WORDS: Record<Reason, string> = {
  new_extreme: "beyond everything seen before",
  higher: "higher than at this time of other days",
  lower: "lower than at this time of other days",
  misfit: "unlike other days for hours",
  level_moved: "the level moved away from what was usual lately",
  jump: "a sudden jump",
  frozen: "does not change any more",
};

/** What somebody said of an episode. */
export const VERDICTS = ["expected", "handled"] as const;

export const ANOMALY_STATES = ["open", "ended", "acknowledged"] as const;
