/** A rule played through over the past, by the very state machine that works live. Pure. */
import type { Preview } from "#server/alerts/console-schema.ts";
import { step, type Episode, type Timing } from "#server/alerts/machine.ts";

interface Sample {
  /** Milliseconds since 1970. */
  at: number;
  value: number;
  met: boolean;
}

export interface Track {
  subject: string;
  samples: readonly Sample[];
}

interface Found {
  subject: string;
  firedAt: number;
  resolvedAt: number | null;
  highest: number;
}

const MOST_EPISODES = 100;
const MOST_POINTS = 240;

/** When the alerts of one subject would have fired. @param samples in order of time */
function episodesOf({ subject, samples }: Track, timing: Timing): Found[] {
  const found: Found[] = [];
  let episode: Episode | null = null;
  let highest = 0;
  for (const { at, value, met } of samples) {
    const before: Episode | null = episode?.state === "resolved" ? null : episode;
    highest = before === null ? value : Math.max(highest, value);
    episode = step(before, met ? "met" : "clear", timing, at);
    if (episode?.firedAt === at) {
      found.push({ subject, firedAt: at, resolvedAt: null, highest });
    }
    const last = found.at(-1);
    if (last !== undefined && last.resolvedAt === null) {
      last.highest = Math.max(last.highest, highest);
      last.resolvedAt = episode?.state === "resolved" ? at : null;
    }
  }
  return found;
}

/** All of it as it is shown: the chart is of the subject that comes highest. */
export function simulate(tracks: readonly Track[], timing: Timing): Pick<Preview, "points" | "episodes" | "more"> {
  const all = tracks.flatMap((track) => episodesOf(track, timing)).sort((a, b) => a.firedAt - b.firedAt);
  const lead = [...tracks].sort((a, b) => highestOf(b) - highestOf(a))[0];
  return {
    points:
      lead === undefined
        ? []
        : pointsOf(
            lead,
            all.filter(({ subject }) => subject === lead.subject),
          ),
    episodes: all.slice(0, MOST_EPISODES).map(({ firedAt, resolvedAt, ...rest }) => ({
      ...rest,
      firedAt: new Date(firedAt),
      resolvedAt: resolvedAt === null ? null : new Date(resolvedAt),
    })),
    more: Math.max(0, all.length - MOST_EPISODES),
  };
}

const highestOf = ({ samples }: Track): number => samples.reduce((top, { value }) => Math.max(top, value), 0);

function pointsOf({ samples }: Track, episodes: readonly Found[]): Preview["points"] {
  const width = Math.max(1, Math.ceil(samples.length / MOST_POINTS));
  const points: Preview["points"] = [];
  for (let index = 0; index < samples.length; index += width) {
    const stretch = samples.slice(index, index + width);
    const [first, last] = [stretch[0], stretch.at(-1)];
    if (first !== undefined && last !== undefined) {
      const firing = episodes.some(
        ({ firedAt, resolvedAt }) => firedAt <= last.at && (resolvedAt === null || resolvedAt > first.at),
      );
      points.push({ at: new Date(first.at), value: Math.max(...stretch.map(({ value }) => value)), firing });
    }
  }
  return points;
}

/** What happened at a time, with a weight. */
export interface Mark {
  at: number;
  weight: number;
}

/** The weights within the window before each time. @param marks in order of time */
export function slidingSums(marks: readonly Mark[], times: readonly number[], windowMs: number): number[] {
  let [from, to, sum] = [0, 0, 0];
  return times.map((time) => {
    for (let mark = marks[to]; mark !== undefined && mark.at <= time; mark = marks[to]) {
      sum += mark.weight;
      to += 1;
    }
    for (let mark = marks[from]; from < to && mark !== undefined && mark.at <= time - windowMs; mark = marks[from]) {
      sum -= mark.weight;
      from += 1;
    }
    return sum;
  });
}
