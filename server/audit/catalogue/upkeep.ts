/** Keys of outside services, and upkeep that is due. */
import type { EventText } from "#server/audit/catalogue/text.ts";

const KEY = "Id of the key, such as `provider:openai` or `channel:telegram:botToken`.";
const ROTATION = "Id of the rotation.";
const DUE = {
  ageDays: "Its age in whole days.",
  dueAt: "When it is or was due (ISO 8601).",
  source: "`plain`, `environment`, `encrypted` or `database`.",
} as const;

export const UPKEEP = {
  "key.rotated": {
    meaning: "A key was replaced by the gateway.",
    target: KEY,
    reason: "`passed`: the new key was tried first; `skipped`: that was not wanted; `none`: there is nobody to ask.",
    fields: {
      rotation: ROTATION,
      graceUntil: "Until when the key before is kept (ISO 8601), or null.",
      generated: "Whether the gateway made the new value up.",
    },
  },
  "key.rotation_undone": {
    meaning: "The key before a rotation was brought back within its grace.",
    target: KEY,
    fields: { rotation: ROTATION },
  },
  "key.rotation_failed": {
    meaning: "A rotation changed nothing.",
    target: KEY,
    reason: "`test_failed`: the other side did not take the new key; `interrupted`: it was begun and never finished.",
    fields: { rotation: ROTATION },
  },
  "key.change_seen": {
    meaning: "A key has another value than at the last look: somebody rotated it where it comes from.",
    target: KEY,
    reason: "Where it was seen: `environment`, `configuration` or `console`.",
    fields: { rotation: ROTATION },
  },
  "key.grace_ended": {
    meaning: "The key before a rotation is not accepted any more, and was forgotten.",
    target: KEY,
    fields: { rotation: ROTATION },
  },
  "key.due": {
    meaning: "A key reaches the age of `security.keyRotation.interval` within `notifyBefore`.",
    target: KEY,
    because: "security.keyRotation",
    fields: DUE,
  },
  "key.overdue": {
    meaning: "A key is older than `security.keyRotation.interval`.",
    target: KEY,
    because: "security.keyRotation",
    fields: DUE,
  },
  "maintenance.due": {
    meaning: "A part of the upkeep is due.",
    target:
      "`vulnerability_check`, `token_rotation`, `permission_audit`, `log_review`, `security_scan` or `backup_verification`.",
    because: "security.maintenance",
    fields: { last: "When it was last done (ISO 8601), or null.", dueAt: "When it was due (ISO 8601)." },
  },
  "permissions.checked": {
    meaning: "Somebody checked files, roles and tokens for permissions that are too wide.",
    target: "The home.",
    fields: { problems: "How many were found." },
  },
  "vulnerabilities.checked": {
    meaning: "What is installed was looked up in advisories.",
    reason:
      "The verdict: `clear`, `vulnerable`, `partial` (not everything could be looked up) or `unknown` (nothing could).",
    fields: {
      checked: "Packages that were looked up, by part.",
      critical: "Findings of that severity.",
      high: "Findings of that severity.",
      other: "Other findings.",
      notChecked: "Parts that could not be looked up.",
    },
  },
} as const satisfies Record<string, EventText>;
