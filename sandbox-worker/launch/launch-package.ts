/**
 * What a container gets on standard input: an archive that its launcher unpacks, with the program, the files that came with it and the
 * script that begins. The same launcher serves every run, so a container can wait for its run before it is known.
 */
import { readFileSync } from "node:fs";
import { randomId } from "#server/core/ids.ts";
import type { Language, RunLanguage } from "#server/sandbox/schema.ts";
import { LAUNCH_FOLDER, launchScript } from "#worker/launch/launch-script.ts";
import { writeTar, type TarFile } from "#worker/launch/write-tar.ts";

/** `tar` reads to the end of standard input; then the shell becomes the script, and the script the program. */
export const LAUNCHER = `tar -xf - -C / && exec /bin/sh ${LAUNCH_FOLDER}/run`;

/** Where the program is put and what carries it out. */
const INTERPRETERS: Record<Language, { argv0: string; file: string }> = {
  python: { argv0: "python3", file: "main.py" },
  node: { argv0: "node", file: "main.js" },
  sh: { argv0: "/bin/sh", file: "main.sh" },
};

export interface LaunchOrder {
  language: RunLanguage;
  /** The program, or the question to an agent. */
  code: string;
  /** Earlier turns that go with a question: JSON, `[{"role": "user", "content": "…"}, …]`. */
  history?: string | null | undefined;
  /** Program and words of an agent that is not the built-in one. */
  command?: readonly string[] | undefined;
  /** Below /workspace. */
  files: readonly { path: string; content: Buffer }[];
  /** Paths below /workspace to keep. */
  outputs: readonly string[];
  env: Readonly<Record<string, string>>;
  link: boolean;
}

export interface LaunchPackage {
  bytes: Buffer;
  /** Follows the program's output when files are kept; then comes their archive. Null = no files are kept. */
  mark: string | null;
}

export function launchPackage(order: LaunchOrder): LaunchPackage {
  const { language, code, files, outputs, env, link } = order;
  const mark = outputs.length === 0 ? null : `\n${randomId("end")}${randomId("x")}\n`;
  const { argv, stdin, own, extraEnv } = language === "agent" ? agentParts(order) : programParts(language, code);
  const script = launchScript({
    argv,
    stdin,
    env: { ...env, ...extraEnv },
    link,
    outputs: mark === null ? undefined : { paths: outputs, mark },
  });
  const bytes = writeTar([
    ...files.map(({ path, content }): TarFile => ({ path: `workspace/${path}`, content })),
    ...own,
    ...(link ? SHIMS : []),
    inFolder("run", script),
  ]);
  return { bytes, mark };
}

interface Parts {
  argv: readonly string[];
  stdin?: string;
  own: TarFile[];
  extraEnv?: Readonly<Record<string, string>>;
}

function programParts(language: Language, code: string): Parts {
  const { argv0, file } = INTERPRETERS[language];
  return { argv: [argv0, `/workspace/${file}`], own: [{ path: `workspace/${file}`, content: Buffer.from(code) }] };
}

/** What was said before lies in a file of its own, so that no word of it can be taken for the question. */
function agentParts({ code, history = null, command }: LaunchOrder): Parts {
  const asked = [inFolder("question", code), ...(history === null ? [] : [inFolder("history.json", history)])];
  return {
    argv: command ?? ["python3", "-I", `${LAUNCH_FOLDER}/agent.py`],
    stdin: `${LAUNCH_FOLDER}/question`,
    own: command === undefined ? [...asked, AGENT] : asked,
    extraEnv: history === null ? {} : { OPENCLAW_HISTORY: `${LAUNCH_FOLDER}/history.json` },
  };
}

function inFolder(name: string, content: string | Buffer): TarFile {
  return { path: `${LAUNCH_FOLDER.slice(1)}/${name}`, content: Buffer.from(content) };
}

const shipped = (name: string): TarFile => inFolder(name, readFileSync(new URL(`./${name}`, import.meta.url)));
const SHIMS = [shipped("shim.py"), shipped("shim.mjs")];
const AGENT = shipped("agent.py");
