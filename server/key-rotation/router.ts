/** tRPC adapter of keys. */
import {
  freshConfig,
  keyHistory,
  listKeys,
  rotateKey,
  undoRotation,
  type KeyServices,
} from "#server/key-rotation/index.ts";
import {
  HistoryInput,
  KeyHistory,
  KeyList,
  RotatedKey,
  RotateKey,
  UndoneRotation,
  UndoRotation,
} from "#server/key-rotation/schema.ts";
import type { AppServices } from "#server/services.ts";
import { router } from "#server/trpc/init.ts";
import { withPermission } from "#server/trpc/procedures.ts";

const keyServices = ({ db, clock, keyring, configuration, paths }: AppServices): KeyServices => ({
  db,
  clock,
  keyring,
  configuration,
  config: freshConfig(paths.configFile, keyring),
});

export const keysRouter = router({
  list: withPermission("keys", "read")
    .output(KeyList)
    .query(({ ctx: { services } }) =>
      listKeys(services, services.db, { now: new Date(services.clock.now()), judgesValues: true }),
    ),
  history: withPermission("keys", "read")
    .input(HistoryInput)
    .output(KeyHistory)
    .query(async ({ ctx: { services }, input }) => ({ entries: await keyHistory(services.db, input.keyId) })),
  rotate: withPermission("keys", "rotate", { stepUp: true })
    .input(RotateKey)
    .output(RotatedKey)
    .mutation(({ ctx: { services, session }, input }) => rotateKey(keyServices(services), session.actor, input)),
  undo: withPermission("keys", "rotate", { stepUp: true })
    .input(UndoRotation)
    .output(UndoneRotation)
    .mutation(({ ctx: { services, session }, input }) =>
      undoRotation(keyServices(services), session.actor, input.rotationId),
    ),
});
