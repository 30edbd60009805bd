/**
 * Which paths and files may pass (FS-1 to FS-3). Pure, browser-safe: it judges names; `mediated.ts` makes sure that the file which is opened
 * is the one that was judged.
 * Threat: a name that means something else to whoever opens it: `..`, doubled slashes, look-alike Unicode, a second extension.
 * Denied wins over allowed; what nothing allows is refused.
 */
import type { FileAnswer, FileRefusal, FileRefusalCode, FileSystemConfig } from "#server/files/schema.ts";

/** Where paths of the configuration start. */
export interface PathBases {
  /** What `~` stands for; absolute. */
  userHome: string;
  /** What `~/.openclaw` stands for and where relative paths start; absolute. */
  openclawHome: string;
}

interface Entry {
  path: string;
  because: string;
}

export interface FileRules {
  allowed: readonly Entry[];
  denied: readonly Entry[];
  /** Refused whatever the lists say. */
  guarded: readonly string[];
  restrictions: FileSystemConfig["restrictions"];
}

const ROOT = "security.fileSystem";
/** What the installation itself keeps in its home. Nothing an agent does passes here, though the home itself may be listed. */
const OWN_FOLDERS = ["backups", "cache", "config", "data", "keys", "logs", "quarantine", "run"];
/** Longest name of a file on Linux, in bytes. */
const MAX_NAME_BYTES = 255;
/** Control characters, line separators, and characters that reverse the direction of text. */

const FORBIDDEN = /[\0-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/**
 * The lists of the configuration, resolved. `workspace` is a folder that is allowed without being listed: the run's own.
 * A listed path whose form is not known denies everything when it stands in `deniedPaths`, and allows nothing in `allowedPaths`.
 */
export function fileRules(config: FileSystemConfig, bases: PathBases, workspace?: string): FileRules {
  const entries = (list: "allowedPaths" | "deniedPaths", unknown: string | null): Entry[] =>
    config[list].flatMap((written, index) => {
      const path = resolveWritten(written, bases, bases.openclawHome) ?? unknown;
      return path === null ? [] : [{ path, because: `${ROOT}.${list}[${index}]` }];
    });
  const own = workspace === undefined ? [] : [{ path: normal(workspace), because: "built-in" }];
  return {
    allowed: [...own, ...entries("allowedPaths", null)],
    denied: entries("deniedPaths", "/"),
    guarded: OWN_FOLDERS.map((folder) => normal(`${bases.openclawHome}/${folder}`)),
    restrictions: config.restrictions,
  };
}

/** Absolute path without `.`, `..` and empty parts; null for a form that is not known (`~other`, empty). Nothing is looked up. */
export function resolveWritten(written: string, bases: PathBases, relativeTo: string): string | null {
  if (written === "" || written.includes("\0")) {
    return null;
  }
  if (written.startsWith("/")) {
    return normal(written);
  }
  if (!written.startsWith("~")) {
    return normal(`${relativeTo}/${written}`);
  }
  const rest = written.slice(1);
  if (rest !== "" && !rest.startsWith("/")) {
    return null;
  }
  const inHome = normal(rest);
  return isInside(inHome, "/.openclaw")
    ? normal(bases.openclawHome + inHome.slice("/.openclaw".length))
    : normal(bases.userHome + inHome);
}

/** Whether a folder or file may be touched by its absolute path alone, whatever its extension. */
export function decidePath(rules: FileRules, written: string): FileAnswer {
  if (!written.startsWith("/")) {
    return refuse("path_form", "built-in", `"${shown(written)}" is not an absolute path. Write it from "/".`);
  }
  if (FORBIDDEN.test(written) || !written.isWellFormed()) {
    return refuse(
      "path_characters",
      "built-in",
      `"${shown(written)}" holds control characters, text-direction characters or broken Unicode. Rename the file.`,
    );
  }
  const path = normal(written);
  const { maxPathLength } = rules.restrictions;
  if (byteLength(path) > maxPathLength) {
    const because = `${ROOT}.restrictions.maxPathLength`;
    return refuse("path_too_long", because, `The path has ${byteLength(path)} bytes; ${because} is ${maxPathLength}.`);
  }
  if (path.split("/").some((name) => byteLength(name) > MAX_NAME_BYTES)) {
    return refuse("path_too_long", "built-in", `A name in the path has more than ${MAX_NAME_BYTES} bytes.`);
  }
  // A name in another Unicode form is another file here, but may become the same one elsewhere: it is denied with it.
  const forms = formsOf(path);
  const denied = longest(rules.denied.filter((entry) => overlap(forms, entry.path)));
  if (denied !== null) {
    return refuse(
      "path_denied",
      denied.because,
      `"${shown(path)}" is in ${denied.path}, which ${denied.because} denies.`,
    );
  }
  const guarded = rules.guarded.find((folder) => overlap(forms, folder));
  if (guarded !== undefined) {
    return refuse("path_protected", "built-in", `"${shown(path)}" belongs to the installation itself (${guarded}).`);
  }
  const allowed = longest(rules.allowed.filter((entry) => isInside(path, entry.path)));
  return allowed === null
    ? refuse(
        "path_not_allowed",
        `${ROOT}.allowedPaths`,
        `"${shown(path)}" is in no folder of ${ROOT}.allowedPaths. Use a file there, or add its folder.`,
      )
    : { allow: true, path, because: allowed.because };
}

/** As `decidePath`, and the name's extension. */
export function decideFile(rules: FileRules, written: string): FileAnswer {
  const answer = decidePath(rules, written);
  if (!answer.allow) {
    return answer;
  }
  return nameRefusal(rules.restrictions, answer.path.slice(answer.path.lastIndexOf("/") + 1)) ?? answer;
}

/** @returns null when a file of that many bytes may pass. */
export function sizeRefusal({ maxFileSize }: { maxFileSize: number }, bytes: number): FileRefusal | null {
  const because = `${ROOT}.restrictions.maxFileSize`;
  return bytes <= maxFileSize
    ? null
    : refuse("file_too_large", because, `The file is larger than the ${maxFileSize} bytes of ${because}.`);
}

/**
 * What the extensions of a name say; null = it may pass. Denied: an extension anywhere in the name, in any case and any look-alike form.
 * Allowed: the end of the name.
 */
export function nameRefusal(
  { allowedExtensions, deniedExtensions }: FileSystemConfig["restrictions"],
  name: string,
): FileRefusal | null {
  if (/[. ]$/.test(name)) {
    return refuse(
      "name_trailing",
      "built-in",
      `"${shown(name)}" ends in a dot or a space, which some systems drop. Rename it.`,
    );
  }
  // Dots at the end of every extension, so that ".sh" is found in "a.sh.txt" and not in "a.shop".
  const flat = `${name
    .normalize("NFKC")
    .replaceAll(/\p{Cf}/gu, "")
    .toLowerCase()
    .replaceAll(/\s+/g, "")}.`;
  const denied = deniedExtensions.find((extension) => flat.includes(`${extension.toLowerCase()}.`));
  if (denied !== undefined) {
    const because = `${ROOT}.restrictions.deniedExtensions`;
    return refuse(
      "extension_denied",
      because,
      `"${shown(name)}" has the extension ${denied}, which ${because} denies.`,
    );
  }
  if (allowedExtensions.length === 0) {
    return null;
  }
  const because = `${ROOT}.restrictions.allowedExtensions`;
  // The dot of a hidden file begins its name, not an extension.
  const end = name.toLowerCase().replace(/^\.+/, "");
  if (!end.includes(".")) {
    return refuse("extension_missing", because, `"${shown(name)}" has no extension; ${because} lists what may pass.`);
  }
  return allowedExtensions.some((extension) => end.endsWith(extension.toLowerCase()) && end.length > extension.length)
    ? null
    : refuse("extension_not_allowed", because, `The extension of "${shown(name)}" is not in ${because}.`);
}

/** Whether absolute, normal `path` is `folder` or below it. */
export const isInside = (path: string, folder: string): boolean =>
  folder === "/" || path === folder || path.startsWith(`${folder}/`);

/** Absolute path without `.`, `..`, empty and trailing parts; `..` never leaves `/`. */
function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") {
      parts.pop();
    } else if (part !== "" && part !== ".") {
      parts.push(part);
    }
  }
  return `/${parts.join("/")}`;
}

/** A compatibility form may bring in new dots and slashes, so each is made normal again. */
const formsOf = (path: string): string[] => [
  ...new Set([path, normal(path.normalize("NFC")), normal(path.normalize("NFKC"))]),
];

const overlap = (forms: readonly string[], folder: string): boolean =>
  formsOf(folder).some((form) => forms.some((path) => isInside(path, form)));

/** The most specific entry; of two equal ones the first. */
function longest(entries: readonly Entry[]): Entry | null {
  return entries.reduce<Entry | null>(
    (best, entry) => (best === null || entry.path.length > best.path.length ? entry : best),
    null,
  );
}

function refuse(code: FileRefusalCode, because: string, message: string): FileRefusal {
  return { allow: false, code, because, message };
}

const byteLength = (text: string): number => new TextEncoder().encode(text).length;

/** For a sentence: bounded, and without anything that could change how the rest is shown. */
const shown = (text: string): string =>
  (text.length > 200 ? `${text.slice(0, 200)}…` : text)
    .toWellFormed()
    .replaceAll(new RegExp(FORBIDDEN, "g"), "\u{fffd}");
