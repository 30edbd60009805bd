/**
 * What a process, and one call within it, adds to the events recorded there, so that no place that records can forget it: which kinds the
 * configuration wants, and the request that an event belongs to.
 * It hangs on `globalThis`: Next has a copy of this module of its own, and both must see the same.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { AuditBatchEntry, KindFilter } from "#server/audit/entry.ts";

/** One thing that somebody did: a request, a call of the console, a command of the command line. */
interface Occasion {
  requestId: string;
  address?: string | undefined;
  /** The token that carried it. */
  tokenId?: string | undefined;
}

interface Surroundings {
  occasion: AsyncLocalStorage<Occasion>;
  wanted: KindFilter | undefined;
}

const SLOT = Symbol.for("openclaw.audit.surroundings");
type Holder = typeof globalThis & { [SLOT]?: Surroundings };

function surroundings(): Surroundings {
  const holder = globalThis as Holder;
  return (holder[SLOT] ??= { occasion: new AsyncLocalStorage<Occasion>(), wanted: undefined });
}

/** Runs `work`; events recorded by it, however deep inside, belong to `occasion` unless they say otherwise. */
export function onOccasion<T>(occasion: Occasion, work: () => T): T {
  return surroundings().occasion.run(occasion, work);
}

/**
 * Adds to an entry what the present call knows and the entry does not say; every event of a request can be found by its id. What the gateway
 * itself found during the call, such as a store that does not answer, is nobody's doing and gets none.
 */
export function fillIn(entry: AuditBatchEntry): AuditBatchEntry {
  const occasion = entry.actorType === "system" ? undefined : surroundings().occasion.getStore();
  entry.requestId ??= occasion?.requestId;
  if (occasion !== undefined && entry.requestId === occasion.requestId) {
    entry.address ??= occasion.address;
    entry.tokenId ??= occasion.tokenId;
  }
  entry.correlationId ??= entry.requestId;
  return entry;
}

/** Leaves kinds out that the configuration does not list. Set once by whoever composes a process; without it everything is recorded. */
export function recordOnly(wanted: KindFilter): void {
  surroundings().wanted = wanted;
}

/** Whether this process records events of that kind. */
export const isRecorded: KindFilter = (kind) => surroundings().wanted?.(kind) ?? true;
