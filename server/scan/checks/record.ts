/** The audit record as it is: sealed, signed, whole. */
import { checksOf, type Check } from "#server/scan/check.ts";

/** Batches are sealed within a second; so many that wait mean that nobody seals. */
const BACKLOG = 1_000;
/** Checkpoints follow the record within minutes. */
const STALE_MS = 3_600_000;
const ANCHOR_FAILURES = 5;

export const RECORD_CHECKS: readonly Check[] = [
  ...checksOf(
    "record",
    ["record"],
    [
      {
        id: "record.backlog",
        severity: "critical",
        title: "Events wait to be sealed",
        why: "Until they are, they can be changed without a trace; the sealer does not work.",
        run: ({ record: { waiting } }) =>
          waiting >= BACKLOG
            ? [
                {
                  subject: "audit_intake",
                  evidence: `${waiting} batches wait.`,
                  fix: "Look at why the sealer does not work.",
                  command: "openclaw security verify-audit",
                },
              ]
            : [],
      },
      {
        id: "record.checkpoint_stale",
        severity: "warn",
        title: "The newest checkpoint is behind the record",
        why: "What came after it is not signed yet.",
        run: ({ record: { checkpoint, sealedTo, newestEventAt } }) =>
          sealedTo !== null &&
          newestEventAt !== null &&
          checkpoint !== null &&
          checkpoint.seq < sealedTo &&
          newestEventAt.getTime() - checkpoint.at.getTime() > STALE_MS
            ? [
                {
                  subject: "checkpoint",
                  evidence: `The record ends at #${sealedTo}, the newest checkpoint at #${checkpoint.seq} (${checkpoint.at.toISOString()}).`,
                  fix: "Look at why the sealer makes none.",
                  command: "openclaw security verify-audit",
                },
              ]
            : [],
      },
      {
        id: "record.no_checkpoint",
        severity: "warn",
        title: "The record has no signed checkpoint",
        why: "Nothing proves where it ended at any time.",
        run: ({ record: { checkpoint, sealedTo, newestEventAt } }, at) =>
          sealedTo !== null &&
          checkpoint === null &&
          newestEventAt !== null &&
          at.getTime() - newestEventAt.getTime() > STALE_MS
            ? [
                {
                  subject: "checkpoint",
                  evidence: `The record ends at #${sealedTo}, and there is no checkpoint.`,
                  fix: "Look at why the sealer makes none.",
                  command: "openclaw security verify-audit",
                },
              ]
            : [],
      },
      {
        id: "record.anchor_failing",
        severity: "warn",
        title: "Checkpoints do not arrive outside",
        why: "The copy that would contradict a forged record is missing.",
        run: ({ record: { anchor } }) =>
          anchor !== null && anchor.failures >= ANCHOR_FAILURES
            ? [
                {
                  subject: "anchor",
                  evidence: `${anchor.failures} attempts in a row failed: ${anchor.lastError ?? "no reason given"}.`,
                  fix: "Look at the receiver of logging.audit.anchor.url.",
                },
              ]
            : [],
      },
      {
        id: "record.integrity_failed",
        severity: "critical",
        title: "The record was found changed",
        why: "Somebody wrote to the database behind the gateway.",
        run: ({ record: { counts } }) => {
          const found = (counts.get("audit.integrity_failed") ?? 0) + (counts.get("audit.batch_unreadable") ?? 0);
          return found > 0
            ? [
                {
                  subject: "audit record",
                  evidence: `${found} ${found === 1 ? "time" : "times"} in the last 30 days.`,
                  fix: "Verify it, and find out who has access to the database.",
                  command: "openclaw security verify-audit",
                },
              ]
            : [];
        },
      },
      {
        id: "record.sandbox_touched",
        severity: "critical",
        title: "Somebody else had hands on the containers",
        why: "Runs were ended because their container was not as it was asked for, or was entered from outside.",
        run: ({ record: { counts } }) => {
          const found = (counts.get("sandbox.container_drift") ?? 0) + (counts.get("sandbox.foreign_action") ?? 0);
          return found > 0
            ? [
                {
                  subject: "containers",
                  evidence: `${found} ${found === 1 ? "time" : "times"} in the last 30 days.`,
                  fix: "See who may use the engine.",
                  command: "openclaw logs filter --event sandbox.foreign_action --last 30d",
                },
              ]
            : [];
        },
      },
      {
        id: "record.config_rejected",
        severity: "warn",
        title: "The gateway refused the configuration file",
        why: "It goes on with an older one; what was meant to be protected is not.",
        run: ({ record: { configuration } }) =>
          configuration?.event === "config.rejected"
            ? [
                {
                  subject: "configuration file",
                  evidence: `It was refused at ${configuration.at.toISOString()}.`,
                  fix: "Correct it.",
                  command: "openclaw config validate",
                },
              ]
            : [],
      },
    ],
  ),
  ...checksOf(
    "configuration",
    ["record", "configuration"],
    [
      {
        id: "configuration.drift",
        severity: "warn",
        title: "The configuration file is not the one that was accepted",
        why: "Somebody changed it, and no gateway has taken it up: what you read in it is not what holds.",
        run: ({ record: { configuration }, configuration: { hash, file } }) =>
          configuration !== null &&
          configuration.event !== "config.rejected" &&
          configuration.hash !== null &&
          configuration.hash !== hash
            ? [
                {
                  subject: file,
                  file,
                  evidence: `${file} has the hash ${hash}; accepted was ${configuration.hash} at ${configuration.at.toISOString()}.`,
                  fix: "See what changed, then restart the gateway or restore the file.",
                  command: "openclaw config history",
                },
              ]
            : [],
      },
    ],
  ),
];
