/** Files: read, written, refused, found suspicious, kept in quarantine. */
import { COUNT, type EventText } from "#server/audit/catalogue/text.ts";

const PLACE = "The path, or the run that the file belongs to.";
const FILE = {
  operation: "`read`, `write` or `list`.",
  path: "Path of the file.",
  bytes: "Size, or null.",
} as const;

export const FILES = {
  "file.accessed": {
    meaning: "A file was read or written, as the policy allows.",
    target: PLACE,
    reason: "`allowed`.",
    because: "The rule that allowed it.",
    fields: { ...FILE, fileId: "Id of a file of a run." },
  },
  "file.refused": {
    meaning: "The policy refused an access to a file.",
    target: PLACE,
    reason: "Code of the refusal, such as `path_denied`, `file_too_large`, `extension_refused`.",
    because: "The configuration path that decided.",
    fields: { ...FILE, ...COUNT },
  },
  "file.suspicious": {
    meaning: "The content or the name of a file is suspicious.",
    target: PLACE,
    reason: "`content_suspicious`, `quarantine_failed`.",
    fields: {
      ...FILE,
      findings: "What was found: code, severity and evidence of each.",
      quarantineId: "Where it is kept in quarantine, or null.",
      ...COUNT,
    },
  },
  "file.quarantined": {
    meaning: "A file was taken out of circulation; an encrypted copy is kept.",
    target: "Id in quarantine.",
    fields: { name: "Name of the file.", originalRemoved: "Whether the original is gone." },
  },
  "file.quarantine_failed": {
    meaning: "A file could not be taken into quarantine; its original was not touched.",
    target: "Id in quarantine.",
    fields: { name: "Name of the file." },
  },
  "file.restored": {
    meaning: "A file was given back out of quarantine.",
    target: "Id in quarantine.",
    fields: { path: "Where it was written.", forced: "Whether that was done although its findings are critical." },
  },
  "file.deleted": { meaning: "A file in quarantine was removed for good.", target: "Id in quarantine.", fields: {} },
} as const satisfies Record<string, EventText>;
