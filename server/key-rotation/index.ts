/** Keys of outside services: how old they are, and new ones in their place. */
export { freshConfig } from "#server/key-rotation/fresh-config.ts";
export { keyHistory, listKeys } from "#server/key-rotation/list.ts";
export { lookAtKeys } from "#server/key-rotation/look.ts";
export { sendNotices } from "#server/key-rotation/notices.ts";
export { rotateKey } from "#server/key-rotation/rotate.ts";
export type { KeyServices } from "#server/key-rotation/services.ts";
export { startUpkeep } from "#server/key-rotation/upkeep-jobs.ts";
export { undoRotation } from "#server/key-rotation/undo.ts";
