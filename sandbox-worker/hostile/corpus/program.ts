/** What one hostile program is, and the helpers its attacks are written with. */
import type { Language, RunReason } from "#server/sandbox/schema.ts";

export interface HostileProgram {
  /** Unique, and says what is attacked. */
  name: string;
  language: Language;
  code: string;
  /** What must be true whatever the program does. */
  holds: string;
  /** The run's reason; several where the kernel decides which of two limits is met first. */
  ends: RunReason | readonly RunReason[];
  /** Exit code where it is the point. */
  exitCode?: number;
  /** In standard output: shows that the attack was really tried and how it was met. */
  shows?: RegExp;
  /** What gVisor grants because it is its own kernel's and reaches nothing outside: the words after ESCAPED. */
  gvisorGrants?: readonly string[];
  /** Calls the kernel must have killed the caller for, as its log tells. */
  killed?: readonly string[];
}

/**
 * Raw system calls for python programs, by name (x86-64 and arm64). A program prints `ESCAPED` and what worked when something worked
 * that must not; otherwise the error.
 */
const PRELUDE = String.raw`
import ctypes, errno, os, platform, signal, socket, stat, sys, time
libc = ctypes.CDLL(None, use_errno=True)
column = 0 if platform.machine() == "x86_64" else 1
NUMBERS = {
  "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "pidfd_getfd": (438, 438), "kcmp": (312, 272),
  "bpf": (321, 280), "io_uring_setup": (425, 425), "userfaultfd": (323, 282), "perf_event_open": (298, 241), "seccomp": (317, 277),
  "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "personality": (135, 92), "unshare": (272, 97), "setns": (308, 268),
  "chroot": (161, 51), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "move_mount": (429, 429), "open_tree": (428, 428),
  "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
  "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "init_module": (175, 105), "finit_module": (313, 273),
  "delete_module": (176, 106), "kexec_load": (246, 104), "kexec_file_load": (320, 294), "swapon": (167, 224), "swapoff": (168, 225),
  "reboot": (169, 142), "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171), "acct": (163, 89),
  "syslog": (103, 116), "sethostname": (170, 161), "quotactl": (179, 60), "setuid": (105, 146), "setgid": (106, 144),
  "setgroups": (116, 159), "setresuid": (117, 147), "capset": (126, 91), "vhangup": (153, 58), "fanotify_init": (300, 262),
  "landlock_create_ruleset": (444, 444), "mbind": (237, 235), "migrate_pages": (256, 238), "move_pages": (279, 239), "vmsplice": (278, 75),
  "process_madvise": (440, 440), "memfd_secret": (447, 447), "mq_open": (240, 180), "shmget": (29, 194), "msgget": (68, 186),
}
def call(name, *args):
  ctypes.set_errno(0)
  result = libc.syscall(NUMBERS[name][column], *args)
  print(("ESCAPED " + name) if result >= 0 else name + " " + errno.errorcode[ctypes.get_errno()], flush=True)
def attempt(what, action):
  try:
    action()
    print("ESCAPED", what, flush=True)
  except OSError as error:
    print(what, errno.errorcode.get(error.errno, error), flush=True)
def deadly(name, *args):
  sys.stdout.flush()
  child = os.fork()
  if child == 0:
    call(name, *args)
    os._exit(0)
  status = os.waitpid(child, 0)[1]
  print(name, signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else "survived", flush=True)
def content(path, count=4096):
  with open(path, "rb") as file: return file.read(count)
def overwrite(path, text):
  if stat.S_ISCHR(os.stat(path).st_mode): raise OSError(errno.ENODEV, "masked by a device")
  with open(path, "wb", 0) as file: file.write(text)
`;

export const python = (body: string): string => `${PRELUDE}${body}`;

/** For shell programs: `works NAME COMMAND…` prints ESCAPED when the command succeeds, and the refusal otherwise. */
export const sh = (body: string): string =>
  `works() { what=$1; shift; if "$@" >/dev/null 2>/tmp/why; then echo "ESCAPED $what"; else echo "$what refused"; fi; }\n${body}`;
