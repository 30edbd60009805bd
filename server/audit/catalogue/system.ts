/** The gateway itself: its configuration, its processes, its own faults. */
import { COUNT, type EventText } from "#server/audit/catalogue/text.ts";

const HASH = "SHA-256 of the file, or `missing`.";

export const SYSTEM = {
  "config.loaded": {
    meaning: "The server process started with this configuration.",
    target: "The configuration file.",
    fields: { hash: HASH, warnings: "How many warnings it gives." },
  },
  "config.rejected": {
    meaning: "A changed configuration is wrong or unsafe; the last good one stays in force.",
    target: "The configuration file.",
    reason: "`invalid`.",
    fields: { hash: HASH, problems: "How many problems it has." },
  },
  "config.changed": {
    meaning: "A changed configuration came into force while the gateway runs.",
    target: "The configuration file.",
    fields: {
      hash: HASH,
      previousHash: "The same of the configuration before.",
      warnings: "How many warnings it gives.",
      paths: "Keys whose values differ; values are nowhere in the record.",
    },
  },
  "config.applied": {
    meaning: "A person brought a new text of the configuration into force, or an older one back.",
    target: "The configuration file.",
    reason: "`console`, `cli`, or `rollback` for an older version.",
    fields: {
      hash: "Beginning of the SHA-256 of the new text.",
      previousHash: "The same of the text before, or null when there was no file.",
      paths: "Names of the settings that differ, fifty at most.",
    },
  },
  "config.encrypted": {
    meaning: "Secrets in the configuration file were replaced by encrypted values.",
    target: "The configuration file.",
    fields: { paths: "Their keys." },
  },
  "config.decrypted": {
    meaning: "Encrypted values in the configuration file were replaced by the secrets themselves.",
    target: "The configuration file.",
    fields: { paths: "Their keys." },
  },
  "permissions.fixed": {
    meaning: "The modes of files or folders were set to what the configuration says.",
    target: "The home.",
    fields: { count: "How many.", files: "Which, with the mode before and after." },
  },
  "system.started": {
    meaning: "The server process is ready.",
    fields: { port: "The port it listens on.", version: "Version of the gateway." },
  },
  "system.stopped": {
    meaning: "The server process ended as it was told to.",
    fields: { why: "The signal, or `supervisor gone`." },
  },
  "system.error": {
    meaning:
      "The gateway itself failed: a request, a whole process, or one that had to be started again. The application log tells more, under the same request id.",
    target: "Method and path of the request, name of the procedure, or name of the process.",
    reason: "`request_failed`, `uncaught_exception`, `unhandled_rejection`, `process_crashed`.",
    fields: {
      error: "Class of the error; its text is in the application log only.",
      code: "Code of the error, such as `ECONNREFUSED`, or null.",
      place: "Where it was thrown (file:line:column), or null.",
      how: "How the process ended: exit code or signal.",
      restartMs: "Time until it is started again (milliseconds).",
      ...COUNT,
    },
  },
} as const satisfies Record<string, EventText>;
