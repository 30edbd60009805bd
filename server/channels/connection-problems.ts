/** Says once of each problem for which a connection is off: in the log, and on the record. */
import type { AuditWriter } from "#server/audit/index.ts";
import type { ChannelType } from "#server/channels/schema.ts";
import type { Logger } from "#server/core/log.ts";

interface Told {
  channel: string;
  type: ChannelType;
  /** Null while it works. */
  problem: string | null;
}

interface ProblemDeps {
  audit: Pick<AuditWriter, "append">;
  log: Logger;
}

/** @returns what to call with all connections whenever one of them may have changed. */
export function createProblemTeller({ audit, log }: ProblemDeps): (connections: Iterable<Told>) => void {
  const told = new Map<string, string>();
  return (connections) => {
    for (const { channel, type, problem } of connections) {
      if (problem === null) {
        told.delete(channel);
      } else if (told.get(channel) !== problem) {
        told.set(channel, problem);
        log.error({ channel, problem }, "channel is off");
        audit
          .append([
            {
              event: "channel.connection_off",
              outcome: "failed",
              actor: { type: "system", id: "server" },
              channel,
              target: channel,
              reason: "not_configured",
              data: { type, message: problem },
            },
          ])
          .catch((error: unknown) => log.error({ err: error }, "a channel that is off could not be recorded"));
      }
    }
  };
}
