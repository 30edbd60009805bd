/** Not ending: ignored signals, timers, daemons, the death of process 1, priorities. */
import { python, sh, type HostileProgram } from "#worker/hostile/corpus/program.ts";

export const PROCESSES: readonly HostileProgram[] = [
  {
    name: "every signal that can be ignored is ignored",
    language: "python",
    code: python(`
for number in range(1, 65):
  try: signal.signal(number, signal.SIG_IGN)
  except (OSError, ValueError): pass
print("ready", flush=True)
while True: time.sleep(1)
`),
    holds: "the end in time",
    ends: "timeout",
    shows: /^ready\n$/,
  },
  {
    name: "stopping itself",
    language: "sh",
    code: "echo ready; kill -STOP $$; echo ESCAPED",
    holds: "the end in time",
    ends: "timeout",
    shows: /^ready\n$/,
  },
  {
    name: "stopping everything, process 1 as well",
    language: "sh",
    code: "echo ready; kill -STOP 1; kill -STOP -1; kill -STOP $$; sleep 60",
    holds: "the end in time",
    ends: "timeout",
    shows: /^ready\n$/,
  },
  {
    name: "sleeping past the limit",
    language: "sh",
    code: "echo ready; sleep 3600",
    holds: "the end in time",
    ends: "timeout",
    shows: /^ready\n$/,
  },
  {
    name: "alarms and interval timers that come back",
    language: "python",
    code: python(`
ticks = 0
def tick(*_):
  global ticks
  ticks += 1
signal.signal(signal.SIGALRM, tick)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
print("ready", flush=True)
while True: pass
`),
    holds: "the end in time",
    ends: "timeout",
    shows: /^ready\n$/,
  },
  {
    name: "a daemon by double fork and setsid that wants to outlive the run",
    language: "python",
    code: python(`
if os.fork() == 0:
  os.setsid()
  if os.fork() == 0:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for descriptor in (0, 1, 2): os.close(descriptor)
    while True: time.sleep(1)
  os._exit(0)
os.wait()
print("parent gone")
`),
    holds: "the daemon ends with the container",
    ends: "exit",
    exitCode: 0,
    shows: /^parent gone\n$/,
  },
  {
    name: "daemons that hold the output open after the program has ended",
    language: "sh",
    code: "trap '' HUP TERM; (sleep 3600) & (setsid sleep 3600) & echo started",
    holds: "the run ends with its program",
    ends: "exit",
    exitCode: 0,
    shows: /^started\n$/,
  },
  {
    name: "kill -9 of process 1",
    language: "sh",
    code: "kill -9 1; sleep 0.2; echo still here",
    holds: "process 1 lives",
    ends: "exit",
    shows: /^still here\n$/,
  },
  {
    name: "kill -9 of everybody",
    language: "sh",
    code: "echo before; kill -9 -1; sleep 60",
    holds: "only its own processes end",
    ends: ["exit", "timeout"],
    shows: /^before\n/,
  },
  {
    name: "kill -9 and every other signal to every process number",
    language: "python",
    code: python(`
reached = set()
for target in range(2, 32768):
  if target in (os.getpid(), os.getppid()): continue
  try: os.kill(target, signal.SIGKILL); reached.add(target)
  except ProcessLookupError: pass
  except PermissionError: print("ESCAPED sees", target)
print("reached", len(reached))
`),
    holds: "no process outside can be named",
    ends: "exit",
    shows: /^reached 0\n$/,
  },
  {
    name: "its own end by a signal that looks like a limit",
    language: "sh",
    code: "kill -9 $$",
    holds: "an exit code alone is no memory limit",
    ends: "exit",
    exitCode: 137,
  },
  {
    name: "its own end by a signal that looks like a killed call",
    language: "sh",
    code: "kill -SYS $$",
    holds: "an exit code alone is no evidence",
    ends: "exit",
    exitCode: 159,
  },
  {
    name: "real-time scheduling and higher priority",
    language: "python",
    code: python(`
attempt("fifo", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(99)))
attempt("round robin", lambda: os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1)))
attempt("nice", lambda: os.setpriority(os.PRIO_PROCESS, 0, -20))
ctypes.set_errno(0)
print("io", libc.syscall(251 if column == 0 else 30, 1, 0, 1 << 13), errno.errorcode.get(ctypes.get_errno()))
`),
    holds: "no priority over others",
    ends: "exit",
    shows: /^fifo EPERM\nround robin EPERM\nnice E\w+\nio -1 EPERM\n$/,
    gvisorGrants: ["nice"],
  },
  {
    name: "zombies: thousands of children nobody waits for",
    language: "python",
    code: python(`
made = 0
try:
  for _ in range(3000):
    if os.fork() == 0: os._exit(0)
    made += 1
except OSError as error: print(errno.errorcode[error.errno], made < 32)
`),
    holds: "the process limit",
    ends: "exit",
    shows: /^EAGAIN True\n$/,
  },
  {
    name: "rlimits raised for children",
    language: "sh",
    code: sh(`
works core prlimit --core=1000000:1000000 true
works files prlimit --nofile=1000000:1000000 true
works locked prlimit --rtprio=50:50 true
works hard sh -c 'ulimit -Hn 1048576'`),
    holds: "hard limits stay",
    ends: "exit",
    shows: /^(\w+ refused\n){4}$/,
  },
  {
    name: "a crash that would leave a core file or start a crash handler",
    language: "python",
    code: python(`
child = os.fork()
if child == 0: os.kill(os.getpid(), signal.SIGSEGV)
status = os.waitpid(child, 0)[1]
print(os.WTERMSIG(status), os.WCOREDUMP(status), os.listdir("/workspace"))
`),
    holds: "no core is written",
    ends: "exit",
    shows: /^11 False \['main\.py'\]\n$/,
  },
];
