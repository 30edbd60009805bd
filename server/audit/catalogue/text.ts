/** How an event is described in the documentation. */
export interface EventText {
  /** One sentence: what has happened when this is on record. */
  meaning: string;
  /** What `target` names; absent = nothing is named. */
  target?: string;
  /** The codes that `reason` can hold, or what they tell. */
  reason?: string;
  /** What `because` names. */
  because?: string;
  /** Members of `data` by name, with their units. Any of them can be missing. */
  fields: Readonly<Record<string, string>>;
}

/** A record of refusals that came faster than they could be recorded one by one; see `collapse.ts`. */
export const COUNT = {
  count:
    "How many refusals of one kind from one source this record stands for. The other members are those of the first.",
} as const;
