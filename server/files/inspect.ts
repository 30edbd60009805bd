/**
 * What is suspicious about a file, from its bytes and its name. Pure; bounded in time and memory by the size limit of files.
 * Threat: a program that looks like text, an archive that harms whoever unpacks it, a secret that leaves with an output, a name that shows
 * as another. A finding is a reason to look, not a proof; no finding is no proof of harmlessness.
 */
import { inspectArchive, newLook, zipEnd, type Look } from "#server/files/archive.ts";
import type { FileFinding } from "#server/files/schema.ts";
import { tokenIdOf } from "#server/tokens/index.ts";

/** @param look shared by files that are looked at together, so that many are not unpacked further than one. */
export function inspectFile(name: string, content: Buffer, look: Look = newLook()): FileFinding[] {
  return [
    ...deceptiveName(name),
    ...executables(name, content),
    ...(inspectArchive(content, look) ?? []),
    ...polyglots(content),
    ...secrets(content),
  ];
}

const MAGICS: readonly { what: string; starts: readonly string[]; own: RegExp }[] = [
  { what: "an ELF program", starts: ["7f454c46"], own: /^[^.]+$|\.(?:so(?:\.\d+)*|bin|elf|o|node)$/i },
  { what: "a Windows program", starts: ["4d5a"], own: /\.(?:exe|dll|sys|scr|com|msi)$/i },
  {
    what: "a macOS program",
    starts: ["feedface", "feedfacf", "cefaedfe", "cffaedfe", "cafebabe"],
    own: /^[^.]+$|\.(?:dylib|bundle|o|class|node)$/i,
  },
];
const SCRIPT_NAMES = /^[^.]+$|\.(?:sh|bash|zsh|py|js|mjs|cjs|ts|rb|pl|php|lua|awk|r)$/i;
/** Where a Windows program keeps the place of its real header; two letters alone begin many texts. */
const PE_POINTER = 0x3c;

function executables(name: string, content: Buffer): FileFinding[] {
  const head = content.toString("hex", 0, 4);
  const magic = MAGICS.find(({ starts }) => starts.some((start) => head.startsWith(start)));
  if (magic !== undefined && (head.startsWith("4d5a") ? isWindowsProgram(content) : true)) {
    return magic.own.test(name)
      ? [{ code: "executable", severity: "warn", evidence: `${magic.what} by its first bytes` }]
      : [{ code: "executable_disguised", severity: "critical", evidence: `${magic.what} under another kind of name` }];
  }
  return /^(?:\ufeff)?#!\s*\//.test(content.toString("utf8", 0, 64)) && !SCRIPT_NAMES.test(name)
    ? [{ code: "script_disguised", severity: "critical", evidence: "begins with #! and has no script's name" }]
    : [];
}

function isWindowsProgram(content: Buffer): boolean {
  const at = content.length >= PE_POINTER + 4 ? content.readUInt32LE(PE_POINTER) : content.length;
  return at + 4 <= content.length && content.toString("latin1", at, at + 4) === "PE\0\0";
}

const SECRETS: readonly { what: string; form: RegExp; holds?: (match: string) => boolean }[] = [
  { what: "private key", form: /-----BEGIN (?:[A-Z0-9]{1,16} ){0,2}PRIVATE KEY(?: BLOCK)?-----/g },
  {
    what: "token of this gateway",
    form: /ocg_[0-9a-z]{12}_[A-Za-z0-9_-]{28,178}/g,
    holds: (text) => tokenIdOf(text) !== null,
  },
  { what: "AWS access key", form: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  { what: "GitHub token", form: /\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255})\b/g },
  { what: "Slack token", form: /\bxox[abeoprs]-[A-Za-z0-9-]{10,250}/g },
  { what: "model provider's key", form: /\bsk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9_-]{32,250}/g },
  { what: "Google API key", form: /\bAIza[A-Za-z0-9_-]{35}\b/g },
];

/** One finding per kind, with the place of the first and how many. Text in UTF-16 is read as such where it says so. */
function secrets(content: Buffer): FileFinding[] {
  const wide = content[0] === 0xff && content[1] === 0xfe;
  const text = content.toString(wide ? "utf16le" : "latin1");
  return SECRETS.flatMap(({ what, form, holds }): FileFinding[] => {
    const found = [...text.matchAll(form)].filter(([match]) => holds?.(match) ?? true);
    const [first] = found;
    return first === undefined
      ? []
      : [
          {
            code: "secret",
            severity: "critical",
            evidence: `${found.length} × ${what}, the first at character ${first.index}`,
          },
        ];
  });
}

/** A ZIP file is found from its end, so it may hide behind anything. */
function polyglots(content: Buffer): FileFinding[] {
  const end = zipEnd(content);
  if (end === -1 || content.subarray(0, 2).toString("latin1") === "PK") {
    return [];
  }
  const entries = content.readUInt16LE(end + 10);
  return [
    {
      code: "polyglot",
      severity: "critical",
      evidence: `a ZIP file with ${entries} entries lies behind other content`,
    },
  ];
}

function deceptiveName(name: string): FileFinding[] {
  const reasons = [
    [/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/, "characters that change the direction of text"],
    [/[\u200b-\u200d\u2060\ufeff\u00ad\u180e]/, "invisible characters"],
    [/\p{Cc}/u, "control characters"],
    [/\s{3,}\.|\.\s+\w/, "blanks that push its extension away"],
  ] as const;
  return reasons
    .filter(([form]) => form.test(name))
    .map(([, what]) => ({ code: "name_deceptive", severity: "critical", evidence: `the name holds ${what}` }));
}
