/** What the server looks at by itself: the age of keys, and upkeep that is due. */
import { maintenanceIntervals, readMaintenanceFacts, remind } from "#server/maintenance/index.ts";
import { dueItems } from "#server/maintenance/policy.ts";
import { freshConfig, lookAtKeys, sendNotices, startUpkeep } from "#server/key-rotation/index.ts";
import type { AppServices } from "#server/services.ts";

type UpkeepServices = Pick<
  AppServices,
  "db" | "pool" | "boss" | "notify" | "log" | "clock" | "config" | "keyring" | "paths" | "backups"
>;

/** Closes with the server. */
export async function openUpkeep(services: UpkeepServices): Promise<{ close(): Promise<void> }> {
  const { db, pool, boss, notify, log, clock, config, keyring, paths } = services;
  const now = (): Date => new Date(clock.now());

  async function look(): Promise<void> {
    const current = config.current().config;
    await lookAtKeys({ config: freshConfig(paths.configFile, keyring), keyring, db }, now());
    await sendNotices(db, current, now());
    if (current.security.maintenance.enabled) {
      const facts = await readMaintenanceFacts(pool, services.backups().lastVerified, now());
      await remind(db, dueItems(facts, maintenanceIntervals(current), now()), now());
    }
  }

  const upkeep = await startUpkeep({ db, boss, notify, log, look, now });
  const unsubscribe = config.subscribe(() => upkeep.lookSoon());
  return {
    async close() {
      unsubscribe();
      await upkeep.close();
    },
  };
}
