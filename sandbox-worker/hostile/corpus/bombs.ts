/** Using up what is shared: processes, memory, disk, descriptors, output. */
import { python, sh, type HostileProgram } from "#worker/hostile/corpus/program.ts";

const FULL = /No space left|ENOSPC/;

export const BOMBS: readonly HostileProgram[] = [
  {
    name: "fork bomb in sh",
    language: "sh",
    code: "bomb() { bomb | bomb & }; bomb; sleep 60",
    holds: "the process limit",
    ends: "processes",
  },
  {
    name: "fork bomb in python",
    language: "python",
    code: "import os\nwhile True: os.fork()",
    holds: "the process limit",
    ends: "processes",
  },
  {
    name: "fork bomb in python that keeps on after every refusal and leaves its session",
    language: "python",
    code: "import os\nwhile True:\n  try:\n    if os.fork() == 0: os.setsid()\n  except OSError: pass",
    holds: "the process limit, and the end in time",
    ends: "processes",
  },
  {
    name: "process bomb in node",
    language: "node",
    code: "for (;;) require('node:child_process').spawn('sleep', ['60'])",
    holds: "the process limit",
    ends: ["processes", "memory"],
  },
  {
    name: "thread bomb in python",
    language: "python",
    code: "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(60,)).start()",
    holds: "threads count as processes",
    ends: "processes",
  },
  {
    name: "anonymous memory",
    language: "python",
    code: "hoard = []\nwhile True: hoard.append(bytearray(1 << 20))",
    holds: "the memory limit",
    ends: "memory",
  },
  {
    name: "memory in many small pieces",
    language: "python",
    code: "hoard = []\nwhile True: hoard.append(str(len(hoard)) * 200)",
    holds: "the memory limit",
    ends: "memory",
  },
  {
    name: "memory in node",
    language: "node",
    code: "const hoard = []; for (;;) hoard.push(Buffer.alloc(1 << 20, 1))",
    holds: "the memory limit",
    ends: "memory",
  },
  {
    name: "memory locked and shared between children that die one after the other",
    language: "python",
    code: python(`
import mmap
libc.mlockall(3)
shared = mmap.mmap(-1, 512 << 20)
for start in range(0, 512 << 20, 16 << 20):
  if os.fork() == 0:
    for page in range(start, start + (16 << 20), 4096): shared[page] = 1
    os._exit(0)
  os.wait()
print("ESCAPED")
`),
    holds: "shared pages count",
    ends: ["memory", "exit"],
  },
  {
    name: "memory in anonymous files",
    language: "python",
    code: "import os\nfiles = []\nwhile True:\n  files.append(os.memfd_create('x'))\n  os.write(files[-1], b'x' * (4 << 20))",
    holds: "the memory limit",
    ends: "memory",
  },
  {
    name: "memory in pipe and socket buffers",
    language: "python",
    code: python(`
kept = []
try:
  while True:
    a, b = socket.socketpair()
    a.setblocking(False)
    a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 30)
    kept.append((a, b))
    try:
      while True: a.send(b"x" * 65536)
    except BlockingIOError: pass
except OSError as error: print(errno.errorcode[error.errno], len(kept) > 100)
`),
    holds: "descriptors and kernel memory are limited",
    ends: ["memory", "exit"],
  },
  {
    name: "page cache: a file larger than the memory, read and written again and again",
    language: "python",
    code: python(`
with open("/workspace/big", "wb") as file:
  for _ in range(120): file.write(b"x" * (1 << 20))
for _ in range(2):
  with open("/workspace/big", "rb") as file:
    while file.read(1 << 20): pass
print("read")
`),
    holds: "cache is taken back and harms nobody",
    ends: ["exit", "timeout"],
  },
  ...["/workspace", "/tmp", "/dev/shm"].map((place): HostileProgram => ({
    name: `data until ${place} is full`,
    language: "sh",
    code: `exec 2>&1; i=0; while [ $i -lt 30 ]; do dd if=/dev/zero of=${place}/f$i bs=1M count=10 || exit 1; i=$((i+1)); done; echo ESCAPED`,
    holds: "the disk limit",
    ends: "disk",
    shows: FULL,
  })),
  {
    name: "all inodes of /tmp",
    language: "python",
    code: "for i in range(10**9): open(f'/tmp/{i}', 'w').close()",
    holds: "the number of files is limited",
    ends: "disk",
  },
  {
    name: "folders without end in the workspace",
    language: "python",
    code: "import os\nfor i in range(10**9): os.mkdir(f'/workspace/{i}')",
    holds: "the end in time or a full disk",
    ends: ["timeout", "disk"],
  },
  {
    name: "sparse files and fallocate",
    language: "python",
    code: python(`
with open("/workspace/sparse", "wb") as file: file.truncate(1 << 40)
print(os.stat("/workspace/sparse").st_blocks * 512 < 1 << 20)
descriptor = os.open("/workspace/full", os.O_CREAT | os.O_RDWR)
attempt("fallocate", lambda: os.posix_fallocate(descriptor, 0, 1 << 30))
descriptor = os.open("/tmp/full", os.O_CREAT | os.O_RDWR)
attempt("fallocate", lambda: os.posix_fallocate(descriptor, 0, 1 << 30))
`),
    holds: "size that is only said costs nothing, reserved size counts",
    ends: "exit",
    shows: /^True\n(fallocate (ENOSPC|EFBIG)\n){2}$/,
  },
  {
    name: "a deleted file that stays open and grows",
    language: "python",
    code: "import os\nfile = os.open('/workspace/x', os.O_CREAT | os.O_WRONLY)\nos.unlink('/workspace/x')\nwhile True: os.write(file, b'x' * (1 << 20))",
    holds: "the disk limit",
    // Its space is free again the moment it ends: whether a look at the disk came before that is chance.
    ends: ["disk", "exit"],
    exitCode: 1,
  },
  {
    name: "message queues as a place to write",
    language: "python",
    code: python(`
call("mq_open", b"hostile", os.O_CREAT | os.O_RDWR, 0o600, 0)
try:
  for i in range(100000): open(f"/dev/mqueue/{i}", "w").write("x" * 100)
except OSError as error: print(errno.errorcode[error.errno], i < 300)
`),
    holds: "queues hold a bounded amount",
    ends: "exit",
    shows: /^mq_open EPERM\n\w+ True\n$/,
  },
  {
    name: "file descriptors",
    language: "python",
    code: python(`
import resource
try: resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096)); print("ESCAPED")
except (ValueError, PermissionError, OSError): print("limit stays")
kept = []
try:
  while True: kept.append(os.open("/dev/null", os.O_RDONLY))
except OSError as error: print(errno.errorcode[error.errno], len(kept) < 1024)
`),
    holds: "1,024 descriptors",
    ends: "exit",
    shows: /^limit stays\nEMFILE True\n$/,
  },
  {
    name: "watches, timers and epoll instances",
    language: "python",
    code: python(`
kept = []
try:
  while True: kept.append(libc.inotify_init() if len(kept) % 2 else libc.timerfd_create(0, 0)); kept[-1] < 0 and (_ for _ in ()).throw(OSError(ctypes.get_errno(), ""))
except OSError as error: print("stopped", len(kept) < 1100)
`),
    holds: "the numbers are limited",
    ends: "exit",
    shows: /^stopped True\n$/,
  },
  {
    name: "output without end",
    language: "sh",
    code: "yes 0123456789",
    holds: "the output limit",
    ends: "output_limit",
  },
  {
    name: "error output without end",
    language: "sh",
    code: "yes 0123456789 >&2",
    holds: "the output limit",
    ends: "output_limit",
  },
  {
    name: "output without a line end",
    language: "python",
    code: "import os\nwhile True: os.write(1, b'x' * 65536)",
    holds: "the output limit",
    ends: "output_limit",
  },
  {
    name: "output of escapes only, which are removed but count",
    language: "python",
    code: "import os\nwhile True: os.write(1, b'\\x1b[31m' * 8192)",
    holds: "the output limit counts raw bytes",
    ends: "output_limit",
  },
  {
    name: "output of invalid UTF-8, which grows when it is made valid",
    language: "python",
    code: "import os\nwhile True: os.write(1, b'\\xff' * 65536)",
    holds: "the output limit",
    ends: "output_limit",
  },
  {
    name: "output one byte at a time on both streams",
    language: "python",
    code: "import os\nwhile True: os.write(1, b'a'); os.write(2, b'b')",
    holds: "many small events do not hold up the worker",
    ends: ["timeout", "output_limit"],
  },
  {
    name: "all processors with as many processes as it may have",
    language: "sh",
    code: sh(`i=0; while [ $i -lt 20 ]; do (while :; do :; done) & i=$((i+1)); done; wait`),
    holds: "the processor limit and the end in time",
    ends: "timeout",
  },
];
