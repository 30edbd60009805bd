/** The file as the editor shows it. */
import {
  configProblems,
  formatPath,
  maskText,
  placesIn,
  readConfigFile,
  readConfigText,
  type ConfigStore,
  type secretOpener,
} from "#server/config/index.ts";
import type { Config } from "#server/config/schema.ts";
import { restartPaths } from "#server/configuration/changes.ts";
import type { ConfigVersions } from "#server/configuration/history.ts";
import type { ConfigDocument } from "#server/configuration/schema.ts";
import { fullHash } from "#server/configuration/text-hash.ts";
import type { HomePaths } from "#server/core/paths.ts";

/** What every use case of the editor needs: where the file is, what opens its secrets, and its older versions. */
export interface EditorContext {
  paths: HomePaths;
  open: ReturnType<typeof secretOpener>;
  versions: ConfigVersions;
}

interface EditableText {
  /** With its secrets: never leaves the server. */
  text: string;
  base: string | null;
  source: ConfigDocument["source"];
  onDisk: string | undefined;
}

/**
 * The text to edit. A file that cannot be read as JSON5 cannot be masked either: then it is the newest version that was in force.
 * @throws AppError("CONFIG_INVALID") when the file cannot be read at all.
 */
export function editableText({ paths, versions }: Pick<EditorContext, "paths" | "versions">): EditableText {
  const onDisk = readConfigFile(paths.configFile);
  if (onDisk === undefined) {
    return { text: "", base: null, source: "none", onDisk };
  }
  const base = fullHash(onDisk);
  if (isJson5(onDisk)) {
    return { text: onDisk, base, source: "file", onDisk };
  }
  return { text: versions.list().versions[0]?.text ?? "", base, source: "in_force", onDisk };
}

const isJson5 = (text: string): boolean => text.trim() === "" || readConfigText(text).soundPart !== undefined;

/** A page of a very large file stays quick. */
const MAX_PLACES = 5_000;

interface RunningConfig {
  config: Pick<ConfigStore, "current" | "status">;
  /** What the processes were started with. */
  configAtStart: Config;
}

export function configDocument(context: EditorContext, { config, configAtStart }: RunningConfig): ConfigDocument {
  const { text, base, source, onDisk } = editableText(context);
  const status = config.status();
  const shownText = maskText(text);
  return {
    file: context.paths.configFile,
    base,
    text: shownText,
    source,
    problems: onDisk === undefined ? [] : configProblems(onDisk, { paths: context.paths, open: context.open }),
    inForce: status.error === undefined,
    loadedAt: status.loadedAt,
    restartPending: restartPaths(configAtStart, config.current().config),
    places: placesIn(shownText)
      .slice(0, MAX_PLACES)
      .map(({ steps, line }) => ({ path: formatPath(steps), line })),
  };
}
