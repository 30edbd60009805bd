/** The application log does what `logging` says, also after a reload. */
import { applyLogSettings, type Logger } from "#server/core/log.ts";
import type { ConfigStore } from "#server/config/store.ts";

export function followLogSettings(log: Logger, config: Pick<ConfigStore, "current" | "subscribe">): void {
  const apply = ({ config: { logging } }: ReturnType<ConfigStore["current"]>): void =>
    applyLogSettings(log, { level: logging.level, stacks: logging.security.includeStackTrace });
  apply(config.current());
  config.subscribe(apply);
}
