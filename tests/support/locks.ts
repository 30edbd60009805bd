/** Locks in memory, judged by the real rules: nothing is locked until a test says so. */
import type { LockStore } from "#server/incidents/index.ts";
import {
  indexLocks,
  lockOnChannel,
  lockOnMember,
  lockOnMessage,
  lockOnPrincipal,
  type Lock,
} from "#server/incidents/policy.ts";

export interface TestLocks extends LockStore {
  /** Puts these in force, and cuts what they shut out. */
  set(...locks: Pick<Lock, "kind" | "target">[]): void;
}

export function testLocks(): TestLocks {
  let index = indexLocks([]);
  const held = new Set<{ lockOn: Parameters<LockStore["hold"]>[1]; cut: (lock: Lock) => void }>();
  const now = Date.now();
  return {
    onPrincipal: (principal) => lockOnPrincipal(index, principal, now),
    onMessage: (principal, subject) => lockOnMessage(index, principal, subject, now),
    onChannel: (channel) => lockOnChannel(index, channel, now),
    onMember: (member) => lockOnMember(index, member, now),
    stopped: () => index.everything,
    hold(_kind, lockOn, cut) {
      const holder = { lockOn, cut };
      held.add(holder);
      return () => void held.delete(holder);
    },
    reload: () => Promise.resolve(),
    close: () => undefined,
    set(...locks) {
      index = indexLocks(
        locks.map(({ kind, target }) => ({
          id: `lck_${kind}`,
          kind,
          target,
          message: `The ${kind} is locked.`,
          drill: false,
          setAt: new Date(now),
          expiresAtMs: null,
        })),
      );
      for (const holder of held) {
        const lock = holder.lockOn(index, now);
        if (lock !== null && held.delete(holder)) {
          holder.cut(lock);
        }
      }
    },
  };
}
