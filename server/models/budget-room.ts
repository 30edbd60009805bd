/**
 * Room in budgets, held by this process and handed out to its calls from memory. Room is taken from the database in pieces, each a lease on
 * a part of one budget; what calls do not use returns to the lease, and a lease that nobody uses returns to the budget. The database never
 * gives out more than there is, so neither do all processes together. A piece is small against what is left, so that near its end a budget
 * is taken call by call, and what one process holds idle is refused to another for a second at most.
 */
import { randomId } from "#server/core/ids.ts";
import type { AppliedBudget } from "#server/models/budgets.ts";
import type { LeaseKey, LeaseStore } from "#server/models/lease-store.ts";
import {
  amountOf,
  byCount,
  NOTHING,
  outputOf,
  usedOf,
  type Amount,
  type BudgetNeed,
  type Counted,
} from "#server/models/room-arithmetic.ts";

/** What one call holds of one lease. */
export interface Hold {
  lease: Lease;
  held: Amount;
}

type Room =
  | { ok: true; outputTokens: number; holds: readonly Hold[] }
  /** `left`: what the tightest budget still has; null = it has no such limit. */
  | { ok: false; budget: AppliedBudget; left: { tokens: number | null; costNano: number | null } };

interface Lease extends LeaseKey {
  /** Not held by any call. */
  free: Amount;
  /** Calls that hold something of it. */
  calls: number;
  /** The limits it was taken under. */
  limits: string;
  usedAt: number;
  /** No new call takes of it after this. */
  validUntil: number;
  /** It stays known to its calls only. */
  closed: boolean;
}

/** A count that a call counts in, and the lease on it. */
interface Share {
  counted: Counted;
  lease: Lease;
}

/** A lease is renewed by being taken anew: what is in use for longer than this goes back and is asked for again. */
const VALID_MS = 60_000;
/** The database frees a lease that nobody has freed by then: the calls that took of it last have ended. */
const EXPIRES_LATER_MS = 60_000;
const IDLE_MS = 1_000;
const LOOK_MS = 500;
/** Calls of one size that a piece is meant for. */
const CALLS_AHEAD = 64;

export interface BudgetRoom {
  /** Holds what a call needs in all of `budgets`, or nothing. @param budgets at least one, as `budgetsFor` orders them */
  take(budgets: readonly AppliedBudget[], need: BudgetNeed): Promise<Room>;
  /** The call has ended and what it `used` is stored, to be counted and taken off its lease; the rest is free again. */
  settle(holds: readonly Hold[], used: Amount): void;
  /** Gives everything back. */
  close(): Promise<void>;
}

export function openBudgetRoom(store: LeaseStore, onError: (error: unknown) => void): BudgetRoom {
  const leases = new Map<string, Lease>();
  /** Questions to the database that are under way, by what they ask about. */
  const asking = new Map<string, Promise<unknown>>();
  /** What is on its way back, by count. */
  const returning = new Map<string, Promise<unknown>>();

  function giveBack(lease: LeaseKey, amount: Amount): Promise<unknown> {
    const given = store.giveBack(lease, amount).catch(onError);
    const all = Promise.all([returning.get(lease.key), given]).finally(() => {
      if (returning.get(lease.key) === all) {
        returning.delete(lease.key);
      }
    });
    returning.set(lease.key, all);
    return all;
  }

  /** Hands what is free of it back; calls that hold something of it do so as they end. */
  function close(lease: Lease): Promise<unknown> {
    const free = lease.free;
    lease.closed = true;
    lease.free = { tokens: 0, nano: 0 };
    if (leases.get(lease.key) === lease) {
      leases.delete(lease.key);
    }
    return giveBack(lease, free);
  }

  /** The lease on that count that new calls may take of. */
  function leaseOn({ key, maxTokens, maxCostNano, budgets }: Counted, now: number): Lease {
    const { periodStart } = budgets[0];
    const limits = `${maxTokens}|${maxCostNano}`;
    const known = leases.get(key);
    if (known !== undefined) {
      if (known.validUntil > now && known.limits === limits && known.periodStart.getTime() === periodStart.getTime()) {
        return known;
      }
      void close(known);
    }
    const lease: Lease = {
      id: randomId("lease"),
      key,
      periodStart,
      free: { tokens: 0, nano: 0 },
      calls: 0,
      limits,
      usedAt: now,
      validUntil: now + VALID_MS,
      closed: false,
    };
    leases.set(key, lease);
    return lease;
  }

  const timer = setInterval(() => {
    const now = Date.now();
    for (const lease of leases.values()) {
      if (lease.calls === 0 && lease.usedAt + IDLE_MS <= now) {
        void close(lease);
      }
    }
  }, LOOK_MS);
  timer.unref();

  function hold(shares: readonly Share[], need: BudgetNeed, outputTokens: number): Room {
    const amount = amountOf(need, outputTokens);
    const holds = shares.map(({ counted, lease }): Hold => {
      const held = {
        tokens: counted.maxTokens === null ? 0 : amount.tokens,
        nano: counted.maxCostNano === null ? 0 : Math.min(amount.nano, lease.free.nano),
      };
      lease.free = { tokens: lease.free.tokens - held.tokens, nano: lease.free.nano - held.nano };
      lease.calls += 1;
      lease.usedAt = Date.now();
      return { lease, held };
    });
    return { ok: true, outputTokens, holds };
  }

  /** @param left what each budget had in all */
  async function refuse(shares: readonly Share[], need: BudgetNeed, left: readonly Amount[]): Promise<Room> {
    const found = shares.map(({ counted }, index) => ({ counted, left: left[index] ?? NOTHING }));
    const tightest = found.reduce((one, other) =>
      outputOf(other.counted, other.left, need) < outputOf(one.counted, one.left, need) ? other : one,
    );
    // What was found too little helps nobody here; another process may do with it.
    await Promise.all(shares.flatMap(({ lease }) => (lease.calls === 0 && !lease.closed ? [close(lease)] : [])));
    const { maxTokens, maxCostNano, budgets } = tightest.counted;
    return {
      ok: false,
      budget: budgets.find((one) => one.maxTokens === maxTokens && one.maxCostNano === maxCostNano) ?? budgets[0],
      left: {
        tokens: maxTokens === null ? null : tightest.left.tokens,
        costNano: maxCostNano === null ? null : tightest.left.nano,
      },
    };
  }

  /** Asks the database for what is missing, and a piece more. @returns what each budget had in all */
  async function takeMore(shares: readonly Share[], need: BudgetNeed): Promise<Amount[]> {
    const wish = amountOf(need, need.outputWish);
    // Nobody takes them for idle meanwhile.
    shares.forEach(({ lease }) => (lease.calls += 1));
    try {
      // What this process gives back is room again.
      await Promise.all(shares.flatMap(({ lease: { key } }) => returning.get(key) ?? []));
      const more = await store.takeMore(
        shares.map(({ counted: { maxTokens, maxCostNano, budgets }, lease }) => ({
          lease,
          budget: budgets[0],
          maxTokens,
          maxCostNano,
          want: {
            tokens: Math.max(0, wish.tokens - lease.free.tokens),
            nano: Math.max(0, wish.nano - lease.free.nano),
          },
          ahead: { tokens: wish.tokens * CALLS_AHEAD, nano: wish.nano * CALLS_AHEAD },
        })),
        new Date(Date.now() + VALID_MS + need.longestMs + EXPIRES_LATER_MS),
      );
      return shares.map(({ lease }, index) => {
        const { granted, left } = more[index] ?? { granted: NOTHING, left: NOTHING };
        const all = { tokens: lease.free.tokens + left.tokens, nano: lease.free.nano + left.nano };
        add(lease, granted);
        return all;
      });
    } finally {
      shares.forEach(({ lease }) => (lease.calls -= 1));
    }
  }

  return {
    async take(budgets, need) {
      const counts = byCount(budgets);
      const topic = counts.map(({ key }) => key).join("\n");
      for (;;) {
        const shares = counts.map((counted): Share => ({ counted, lease: leaseOn(counted, Date.now()) }));
        if (carriedBy(shares, need) >= need.outputWish) {
          return hold(shares, need, need.outputWish);
        }
        const underWay = asking.get(topic);
        if (underWay !== undefined) {
          // Its answer may do for this call as well.
          await underWay.catch(() => undefined);
          continue;
        }
        const question = takeMore(shares, need).finally(() => asking.delete(topic));
        asking.set(topic, question);
        const left = await question;
        const best = Math.min(need.outputWish, carriedBy(shares, need));
        return best >= need.outputLeast ? hold(shares, need, best) : refuse(shares, need, left);
      }
    },
    settle(holds, used) {
      for (const { lease, held } of holds) {
        const taken = usedOf(held, used);
        lease.calls -= 1;
        lease.usedAt = Date.now();
        add(lease, { tokens: held.tokens - taken.tokens, nano: held.nano - taken.nano });
      }
    },
    async close() {
      clearInterval(timer);
      await Promise.all([...leases.values()].map(close));
      await Promise.all(returning.values());
    },
  };

  /** Frees an amount of a lease, or gives it back where the lease is closed. */
  function add(lease: Lease, { tokens, nano }: Amount): void {
    if (lease.closed) {
      void giveBack(lease, { tokens, nano });
    } else {
      lease.free = { tokens: lease.free.tokens + tokens, nano: lease.free.nano + nano };
    }
  }
}

const carriedBy = (shares: readonly Share[], need: BudgetNeed): number =>
  Math.min(...shares.map(({ counted, lease }) => outputOf(counted, lease.free, need)));
