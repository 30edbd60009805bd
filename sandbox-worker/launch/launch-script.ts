/**
 * The script that begins a run in its container: environment, the way to the gateway, the program. Pure. Everything that is not ours is
 * quoted; nothing of the host goes in but what the run may know.
 */

export interface LaunchScript {
  /** The program and its words. */
  argv: readonly string[];
  /** File for standard input; absent = empty. */
  stdin?: string | undefined;
  env: Readonly<Record<string, string>>;
  /** The container has the socket of its run: the shim in front of it is started first. */
  link: boolean;
  /** Kept files: paths below /workspace, told after this mark on standard output. */
  outputs?: { paths: readonly string[]; mark: string } | undefined;
}

/** Where the launcher's own files lie: memory of the container, gone with it. */
export const LAUNCH_FOLDER = "/tmp/.openclaw";
/** The folder with the run's socket, mounted from the host. */
export const LINK_FOLDER = "/run/openclaw";
export const LINK_SOCKET = "gateway.sock";
/** Where programs find the gateway: on loopback of their own container. */
export const LINK_PORT = 8642;

export function launchScript({ argv, stdin, env, link, outputs }: LaunchScript): string {
  const program = `${argv.map(quoted).join(" ")} <${quoted(stdin ?? "/dev/null")}`;
  return [
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}`),
    ...(link ? [START_SHIM] : []),
    "cd /workspace || exit 126",
    ...(outputs === undefined ? [`exec ${program}`] : [program, keep(outputs)]),
    "",
  ].join("\n");
}

const SHIM_ARGUMENTS = `${LAUNCH_FOLDER}/ready ${LINK_PORT} ${LINK_FOLDER}/${LINK_SOCKET}`;

// The shim writes a line when it listens. One that ends before says so too, or the script would wait for ever.
const START_SHIM = `cd ${LAUNCH_FOLDER} && mkfifo ready || exit 126
if command -v python3 >/dev/null 2>&1; then set -- python3 -I shim.py
elif command -v node >/dev/null 2>&1; then set -- node shim.mjs
else echo "The image has neither python3 nor node, one of which is needed to reach the gateway." >&2; exit 127; fi
{ "$@" ${SHIM_ARGUMENTS} </dev/null >/dev/null || echo failed >ready; } &
read -r state <ready
[ "$state" != failed ] || { echo "The way to the gateway could not be opened in the container." >&2; exit 126; }`;

/** Paths that are not there are passed over; what tar has to say is for nobody. */
function keep({ paths, mark }: { paths: readonly string[]; mark: string }): string {
  return `code=$?
set --
for path in ${paths.map((path) => quoted(`./${path}`)).join(" ")}; do [ -e "$path" ] && set -- "$@" "$path"; done
printf %s ${quoted(mark)}
[ $# -eq 0 ] || tar -cf - -- "$@" 2>/dev/null
exit $code`;
}

/** One word for a POSIX shell, whatever it holds but NUL. */
export const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
