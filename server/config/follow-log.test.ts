import { afterEach, expect, test } from "vitest";
import { followLogSettings } from "#server/config/follow-log.ts";
import type { LoadedConfig } from "#server/config/index.ts";
import { readConfigText } from "#server/config/read.ts";
import { applyLogSettings, createLogger } from "#server/core/log.ts";

const log = createLogger("test", "silent");
afterEach(() => applyLogSettings(log, { level: "silent", stacks: true }));

test("AUD-1 the log follows logging.level and includeStackTrace, also after a reload", () => {
  const lines: string[] = [];
  const own = createLogger("test", undefined, { write: (line) => void lines.push(line) });
  let loaded = configured('{ logging: { level: "error" } }');
  let reload: (next: LoadedConfig) => void = () => undefined;
  followLogSettings(own, {
    current: () => loaded,
    subscribe: (listener) => {
      reload = listener;
      return () => undefined;
    },
  });
  own.warn("unseen");
  own.error(new Error("first"));
  loaded = configured('{ logging: { level: "debug", security: { includeStackTrace: false } } }');
  reload(loaded);
  own.debug(new Error("second"));
  const [first, second] = lines.map((line) => JSON.parse(line) as { msg: string; err: { stack?: string } });
  expect(lines).toHaveLength(2);
  expect([first?.msg, second?.msg]).toEqual(["first", "second"]);
  expect(first?.err.stack).toContain("follow-log.test.ts");
  expect(second?.err.stack).toBeUndefined();
});

function configured(text: string): LoadedConfig {
  const reading = readConfigText(text);
  return { config: reading.config, hash: text, warnings: [] } as unknown as LoadedConfig;
}
