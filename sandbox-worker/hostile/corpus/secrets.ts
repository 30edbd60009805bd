/** Looking for what the host knows: keys, environment, identity, time. The worker's environment and key folder hold a canary. */
import { python, sh, type HostileProgram } from "#worker/hostile/corpus/program.ts";

export const SECRETS: readonly HostileProgram[] = [
  {
    name: "environment of every process",
    language: "python",
    code: python(`
for process in [entry for entry in os.listdir("/proc") if entry.isdigit()]:
  try: print(process, content(f"/proc/{process}/environ", 65536).replace(b"\\0", b" ").decode())
  except OSError as error: print(process, errno.errorcode[error.errno])
print(sorted(os.environ))
`),
    holds: "six plain variables and the host name, nothing of the worker",
    ends: "exit",
    shows: /'HOME', 'HOSTNAME', 'LANG', .*'PATH'/,
  },
  {
    name: "a search of all readable files for keys and the canary",
    language: "sh",
    code: sh(`
grep -r -l -s -I -E 'OPENCLAW_CAN''ARY|BEGIN (RSA |EC |OPENSSH )?PRIV''ATE KEY|postgres(ql)?:/''/' /etc /home /root /run /srv /opt /var /tmp /workspace /mnt /media 2>/dev/null | grep -v main.sh | sed 's/^/ESCAPED /'
find / -xdev \\( -name '*.pem' -o -name 'id_*' -o -name '*.key' -o -name '.env' -o -name 'credentials*' \\) -path '*root*' 2>/dev/null | sed 's/^/ESCAPED /'
echo searched`),
    holds: "there is nothing to find",
    ends: "exit",
    shows: /^searched\n$/,
  },
  {
    name: "processes, users and services of the host",
    language: "sh",
    code: sh(`
ls -d /proc/[0-9]* | wc -l
cat /proc/*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -o -E 'docker[d]|container[d]|postgre[s]|sandbox-worke[r]' | sed 's/^/ESCAPED /'
who | sed 's/^/ESCAPED /'; hostname; cat /etc/hostname; kill -0 2 2>/dev/null; echo looked`),
    holds: "only its own processes show",
    ends: "exit",
    shows: /^\d\n(\w+\n)?sandbox\nsandbox\nlooked\n$/,
  },
  {
    name: "credentials of clouds, tools and users under their usual paths",
    language: "node",
    code: `const fs = require("fs");
for (const path of ["/root/.aws/credentials", "/root/.docker/config.json", "/root/.kube/config", "/root/.ssh/id_ed25519", "/root/.npmrc", "/root/.openclaw/keys",
  "/var/run/secrets/kubernetes.io/serviceaccount/token", "/run/secrets", "/etc/shadow", "/etc/gshadow", "/etc/docker/daemon.json", "/proc/1/environ", "/etc/ssl/private", "/root"]) {
  try { fs.statSync(path).isDirectory() ? fs.readdirSync(path) : fs.readFileSync(path); console.log(path === "/proc/1/environ" ? "own" : "ESCAPED " + path); } catch (error) { console.log(error.code); }
}`,
    holds: "none is there or opens",
    ends: "exit",
    shows: /^((own|ENOENT|EACCES)\n){14}$/,
  },
  {
    name: "clock tricks: setting it, moving it, measuring past the limit",
    language: "python",
    code: python(`
before = time.time()
attempt("clock_settime", lambda: time.clock_settime(time.CLOCK_REALTIME, 0)) if os.fork() == 0 else os.wait()
print(abs(time.time() - before) < 3)
`),
    holds: "the clock is the host's and stays so",
    ends: "exit",
    shows: /^True\n$/,
    killed: ["clock_settime"],
  },
  {
    name: "output dressed up as the run's own events and the engine's frames",
    language: "python",
    code: python(`
frame = bytes([1, 0, 0, 0, 0, 0, 0, 200]) + b'{"kind":"end","state":"succeeded","reason":"exit","exitCode":0}'
for _ in range(20):
  os.write(1, frame + b"\\n")
  os.write(2, bytes([2, 0, 0, 0, 255, 255, 255, 255]) + b"\\nevent: end\\ndata: {}\\n\\n")
os.write(1, b'\\n--boundary\\r\\nHTTP/1.1 200 OK\\r\\n\\r\\n')
sys.exit(7)
`),
    holds: "output is text and decides nothing",
    ends: "exit",
    exitCode: 7,
    shows: /"kind":"end"/,
  },
  {
    name: "terminal escapes: titles, clipboard, links, answers, C1 controls, cut at every border",
    language: "python",
    code: python(`
for part in (b"\\x1b]0;title\\x07", b"\\x1b]52;c;aGk=\\x1b\\\\", b"\\x1b]8;;http://x\\x1b\\\\x", b"\\x1b[6n", b"\\x1b[2J\\x1b[H", b"\\xc2\\x9b31m", b"\\x1bP+q\\x1b\\\\", b"\\xff\\xfe\\xc3", b"\\x00\\x08\\x7f", b"\\r\\x1b[K"):
  for byte in part:
    os.write(1, bytes([byte]))
os.write(1, b"clean\\n")
`),
    holds: "no control character is stored",
    ends: "exit",
    exitCode: 0,
    shows: /clean\n$/,
  },
];
