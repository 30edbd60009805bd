/** Where a setting stands in a configuration file, for people who are to look at it or change it. */
import { readConfigFile } from "#server/config/file.ts";
import { parseJson5 } from "#server/config/json5/parse.ts";
import { positionAt, type Position } from "#server/config/json5/position.ts";
import { nodeAt, offsetOf } from "#server/config/json5/value.ts";
import { parsePath } from "#server/config/path.ts";

/** @returns undefined when `path` is not a key path or the file does not hold it. */
export function locateInConfig(file: string, path: string): Position | undefined {
  const text = readConfigFile(file);
  const steps = parsePath(path);
  if (text === undefined || steps === undefined) {
    return undefined;
  }
  const { root } = parseJson5(text);
  return nodeAt(root, steps) === undefined ? undefined : positionAt(text, offsetOf(root, steps));
}
