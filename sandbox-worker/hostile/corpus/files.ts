/** Links, names and descriptors: ways out through the file system. */
import { python, sh, type HostileProgram } from "#worker/hostile/corpus/program.ts";

export const FILES: readonly HostileProgram[] = [
  {
    name: "symbolic links to the host's files from every writable place",
    language: "python",
    code: python(`
for place in ("/workspace", "/tmp", "/dev/shm"):
  for index, target in enumerate(("/etc/shadow", "/proc/1/root/etc/shadow", "/proc/self/root/../../../../etc/shadow", "/root/.ssh/id_rsa", "../../../../../../etc/shadow", "/proc/1/cwd/../../etc/shadow")):
    link = f"{place}/link{index}"
    os.symlink(target, link)
    attempt(target, lambda: content(link))
`),
    holds: "links lead to the container's own files, and what is not for all stays closed",
    ends: "exit",
    shows: /^(\S+ (EACCES|ENOENT)\n){18}$/,
  },
  {
    name: "hard links to files of others",
    language: "python",
    code: python(`
for target in ("/etc/passwd", "/etc/shadow", "/usr/bin/python3.11", "/proc/self/status", "/proc/1/exe", "/etc/resolv.conf", "/etc/hosts"):
  attempt(target, lambda: os.link(target, "/workspace/" + os.path.basename(target), follow_symlinks=True))
descriptor = os.open("/etc/passwd", os.O_RDONLY)
attempt("by descriptor", lambda: os.link(f"/proc/self/fd/{descriptor}", "/workspace/again", follow_symlinks=True))
`),
    holds: "no link crosses into the image",
    ends: "exit",
    shows: /^([^\n]+ (EXDEV|EPERM|EACCES)\n){8}$/,
  },
  {
    name: "/proc/1/root, /proc/self/root and the roots of all processes",
    language: "python",
    code: python(`
here = os.stat("/")
for process in [entry for entry in os.listdir("/proc") if entry.isdigit()] + ["self", "thread-self"]:
  for link in ("root", "cwd"):
    try:
      there = os.stat(f"/proc/{process}/{link}/")
      outside = link == "root" and (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)
      print("ESCAPED" if outside or os.path.exists(f"/proc/{process}/{link}/var/lib/docker") else "same")
    except OSError as error:
      print(errno.errorcode[error.errno])
`),
    holds: "every root is the container's",
    ends: "exit",
    shows: /^((same|EACCES|ENOENT)\n){6,}$/,
  },
  {
    name: "descriptors and working folders left open by the runtime (CVE-2024-21626)",
    language: "python",
    code: python(`
print("cwd", os.getcwd(), sorted(int(fd) for fd in os.listdir("/proc/self/fd") if int(fd) < 3))
for fd in range(3, 64):
  for tail in ("", "/../../../../etc/hostname", "/.."):
    try:
      target = os.readlink(f"/proc/self/fd/{fd}")
      if tail == "" and target != "/workspace/main.py" and not target.startswith("/proc/"): print("ESCAPED leaked", target)
      os.chdir(f"/proc/self/fd/{fd}{tail}")
      if os.path.exists("var/lib/docker") or os.path.exists("root/.ssh"): print("ESCAPED", os.getcwd())
    except OSError:
      pass
for process in (1, os.getppid()):
  try: print([name for name in os.listdir(f"/proc/{process}/fd") if os.readlink(f"/proc/{process}/fd/{name}").startswith(("/sys", "/var", "/run"))])
  except OSError as error: print(errno.errorcode[error.errno])
`),
    holds: "no descriptor leads out",
    ends: "exit",
    shows: /^cwd \/workspace \[0, 1, 2\]\n((\[\]|EACCES|EPERM)\n){2}$/,
  },
  {
    name: "overwriting the runtime through /proc/self/exe and /proc/1/exe (CVE-2019-5736)",
    language: "python",
    code: python(`
import subprocess
for path in ("/proc/self/exe", "/proc/1/exe", f"/proc/{os.getppid()}/exe"):
  for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC):
    attempt(path, lambda: os.open(path, flags))
with open("/workspace/init", "w") as file: file.write("#!/proc/self/exe\\n")
os.chmod("/workspace/init", 0o755)
try: print(subprocess.run(["/workspace/init"], timeout=2).returncode)
except (OSError, subprocess.TimeoutExpired) as error: print(type(error).__name__)
`),
    holds: "no program of the runtime opens for writing",
    ends: "exit",
    shows: /^(\S+ (EROFS|ETXTBSY|EACCES|EPERM)\n){9}/,
  },
  {
    name: "file names with line ends, quotes, direction marks, escapes, invalid UTF-8 and 255 bytes",
    language: "python",
    code: python(`
names = [b"a\\nb", b"-rf", b"$(reboot)", b"; reboot", b"'\\"", "\\u202egpj.exe".encode(), b"\\x1b[2J", b"\\xff\\xfe", b"x" * 255, b" ", b"...", "\\u200b".encode(), b"CON", b"*", b"\\t\\r"]
for name in names:
  with open(b"/workspace/" + name, "wb") as file: file.write(name)
attempt("256 bytes", lambda: open("/workspace/" + "x" * 256, "w"))
print(len(os.listdir("/workspace")))
`),
    holds: "names are only names",
    ends: "exit",
    exitCode: 0,
    shows: /^256 bytes ENAMETOOLONG\n16\n$/,
  },
  {
    name: "a tree of 5,000 folders, one in the other",
    language: "python",
    code: python(`
os.chdir("/workspace")
for _ in range(5000):
  os.mkdir("d")
  os.chdir("d")
print("deep")
`),
    holds: "it is made and goes away with the run",
    ends: "exit",
    exitCode: 0,
    shows: /^deep\n$/,
  },
  {
    name: "links flipped between a file of its own and one of the system",
    language: "python",
    code: python(`
end = time.time() + 0.2
os.symlink("/etc/passwd", "/workspace/a")
os.symlink("/workspace/main.py", "/workspace/b")
while time.time() < end:
  os.rename("/workspace/a", "/workspace/c"); os.rename("/workspace/b", "/workspace/a"); os.rename("/workspace/c", "/workspace/b")
  attempt("append", lambda: open("/etc/passwd", "a"))
print("flipped")
`),
    holds: "no write follows a link out",
    ends: "exit",
    shows: /^(append (EROFS|EACCES)\n)+flipped\n$/,
  },
  {
    name: "pipes, sockets and link loops left behind for whoever reads the workspace",
    language: "python",
    code: python(`
os.mkfifo("/workspace/fifo")
socket.socket(socket.AF_UNIX).bind("/workspace/socket")
os.symlink("loop2", "/workspace/loop1")
os.symlink("loop1", "/workspace/loop2")
os.symlink(".", "/workspace/self")
os.chmod("/workspace/main.py", 0)
os.mkdir("/workspace/closed", 0)
os.chmod("/workspace", 0)
print("left")
`),
    holds: "the run is removed as any other",
    ends: "exit",
    exitCode: 0,
    shows: /^left\n$/,
  },
  {
    name: "immutable files and attributes that outlive a removal",
    language: "python",
    code: python(`
import fcntl
descriptor = os.open("/workspace/main.py", os.O_RDWR)
attempt("immutable", lambda: fcntl.ioctl(descriptor, 0x40086602, (16).to_bytes(8, "little")))
attempt("append", lambda: fcntl.ioctl(descriptor, 0x40086602, (32).to_bytes(8, "little")))
attempt("freeze", lambda: fcntl.ioctl(os.open("/workspace", os.O_RDONLY), 0xc0045877, 0))
attempt("trim", lambda: fcntl.ioctl(os.open("/workspace", os.O_RDONLY), 0xc0185879, b"\\0" * 24))
`),
    holds: "no attribute and no state of the file system is set",
    ends: "exit",
    shows: /^(\w+ E\w+\n){4}$/,
  },
  {
    name: "running a program from /tmp and /dev/shm",
    language: "sh",
    code: sh(`
for place in /tmp /dev/shm; do cp /bin/true $place/t && chmod 755 $place/t; works $place $place/t; done`),
    holds: "only the workspace runs programs",
    ends: "exit",
    shows: /^\/tmp refused\n\/dev\/shm refused\n$/,
  },
];
