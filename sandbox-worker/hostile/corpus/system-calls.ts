/** Calls that reach for the kernel, other processes or more privilege. */
import { python, sh, type HostileProgram } from "#worker/hostile/corpus/program.ts";

export const SYSTEM_CALLS: readonly HostileProgram[] = [
  {
    name: "loading code into the kernel: modules, kexec, bpf",
    language: "python",
    code: python(`
deadly("init_module", b"x", 1, b"")
deadly("finit_module", 0, b"", 0)
deadly("delete_module", b"overlay", 0)
deadly("kexec_load", 0, 0, 0, 0)
deadly("kexec_file_load", 0, 0, 0, b"", 0)
deadly("bpf", 5, ctypes.create_string_buffer(120), 120)
deadly("bpf", 0, ctypes.create_string_buffer(120), 120)
`),
    holds: "nothing is loaded and each try kills its caller",
    ends: "exit",
    shows: /^(\w+ SIGSYS\n){7}$/,
    killed: ["init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "bpf"],
  },
  {
    name: "acting on the machine: reboot, swap, clock, accounting, quotas",
    language: "python",
    code: python(`
deadly("reboot", 0xfee1dead, 0x28121969, 0)
deadly("swapon", b"/workspace/main.py", 0)
deadly("swapoff", b"/dev/vda", 0)
deadly("settimeofday", (ctypes.c_long * 2)(0, 0), 0)
deadly("clock_settime", 0, (ctypes.c_long * 2)(0, 0))
deadly("acct", b"/workspace/main.py")
deadly("quotactl", 0, b"/dev/vda", 0, 0)
for name in ("adjtimex", "sethostname", "vhangup", "fanotify_init"): call(name, b"x" * 512, 1)
`),
    holds: "the machine, its clock and its name stay as they are",
    ends: "exit",
    shows: /^(\w+ SIGSYS\n){7}(\w+ EPERM\n){4}$/,
    killed: ["reboot", "swapon", "swapoff", "settimeofday", "clock_settime", "acct", "quotactl"],
  },
  {
    name: "other processes: ptrace, process_vm_readv and writev, pidfd_getfd, kcmp",
    language: "python",
    code: python(`
call("ptrace", 16, 1, 0, 0)
call("ptrace", 0x4206, 1, 0, 0)
call("ptrace", 0, 0, 0, 0)
call("process_vm_readv", 1, 0, 0, 0, 0, 0)
call("process_vm_writev", 1, 0, 0, 0, 0, 0)
descriptor = libc.syscall(434, 1, 0)
call("pidfd_getfd", descriptor, 0, 0)
call("kcmp", 1, os.getpid(), 0, 0, 0)
call("process_madvise", descriptor, 0, 0, 4, 0)
attempt("memory of 1", lambda: overwrite("/proc/1/mem", b"x"))
`),
    holds: "no process is traced, read or written",
    ends: "exit",
    shows: /^(\w+ EPERM\n){8}memory of 1 E\w+\n$/,
  },
  {
    name: "the kernel keyring",
    language: "python",
    code: python(`
call("keyctl", 0, -3, 0)
call("keyctl", 1, b"hostile")
call("keyctl", 11, -3, 0, 0)
call("add_key", b"user", b"hostile", b"x", 1, -4)
call("request_key", b"user", b"hostile", 0, -4)
print(content("/proc/keys") if os.path.exists("/proc/keys") else "no list")
`),
    holds: "no key is read or kept",
    ends: "exit",
    shows: /^(keyctl EPERM\n){3}add_key EPERM\nrequest_key EPERM\n(b''|no list)\n$/,
  },
  {
    name: "wide kernel surfaces: io_uring, userfaultfd, perf, personality, vmsplice, memory policy",
    language: "python",
    code: python(`
for name in ("io_uring_setup", "userfaultfd", "perf_event_open", "vmsplice", "mbind", "migrate_pages", "move_pages", "memfd_secret", "landlock_create_ruleset"):
  call(name, 1, ctypes.create_string_buffer(512), 0, 0, 0, 0)
call("personality", 0x0040000)
call("personality", 0x0400000)
for name in ("mq_open", "shmget", "msgget"): call(name, 1, 4096, 0o1666)
`),
    holds: "none of them is answered",
    ends: "exit",
    shows: /^(\w+ EPERM\n){14}$/,
  },
  {
    name: "taking the filter off again: seccomp, prctl, no-new-privileges",
    language: "python",
    code: python(`
call("seccomp", 1, 0, 0)
call("seccomp", 2, 0, ctypes.create_string_buffer(16))
for option, value in ((22, 0), (38, 0), (24, 21), (47, 2)):
  ctypes.set_errno(0)
  result = libc.prctl(option, value, 0, 0, 0)
  print("prctl", option, result, errno.errorcode.get(ctypes.get_errno()))
status = open("/proc/self/status").read()
print([line for line in status.splitlines() if line.startswith(("NoNewPrivs", "Seccomp:", "CapEff", "CapBnd"))])
`),
    holds: "filter, no-new-privileges and empty capabilities stay",
    ends: "exit",
    shows: /'CapEff:\\t0000000000000000', 'CapBnd:\\t0000000000000000', 'NoNewPrivs:\\t1', 'Seccomp:\\t2'/,
  },
  {
    name: "becoming root: setuid, setgroups, capset and identities of its own",
    language: "python",
    code: python(`
call("setuid", 0)
call("setgid", 0)
call("setresuid", 0, 0, 0)
call("setgroups", 1, (ctypes.c_int * 1)(0))
call("capset", (ctypes.c_int * 2)(0x20080522, 0), (ctypes.c_uint * 6)(0xffffffff, 0xffffffff, 0, 0xffffffff, 0xffffffff, 0))
attempt("uid_map", lambda: overwrite("/proc/self/uid_map", b"0 0 1"))
# The kernel lets anybody set it once; it gives no right, and must not.
overwrite("/proc/self/loginuid", b"0")
print(os.getresuid(), os.getresgid(), os.getgroups())
`),
    holds: "it stays nobody",
    ends: "exit",
    shows: /\(65534, 65534, 65534\) \(65534, 65534, 65534\) \[(65534)?\]\n$/,
  },
  {
    name: "the set-user tools of the image",
    language: "sh",
    code: sh(`
find / -xdev -perm /6000 -type f 2>/dev/null | wc -l
getcap -r / 2>/dev/null | wc -l
works su su -c id
works sudo sudo -n id
works newgrp sg root -c id
works passwd sh -c 'echo x | passwd root'
works setpriv setpriv --reuid 0 id
works chsh chsh -s /workspace/main.sh root`),
    holds: "no file gives privilege",
    ends: "exit",
    shows: /^0\n0\n(\w+ refused\n){6}$/,
  },
  {
    name: "a set-user copy of the shell and file capabilities of its own",
    language: "python",
    code: python(`
import shutil, subprocess
shutil.copy("/bin/sh", "/workspace/s")
os.chmod("/workspace/s", 0o6755)
print(subprocess.run(["/workspace/s", "-pc", "id -u"], capture_output=True, text=True).stdout.strip())
attempt("capability", lambda: os.setxattr("/workspace/s", "security.capability", bytes.fromhex("0100000200000000" + "ffffffff" * 3)))
attempt("chown", lambda: os.chown("/workspace/s", 0, 0))
attempt("trusted", lambda: os.setxattr("/workspace/s", "trusted.overlay.opaque", b"y"))
`),
    holds: "a file made here never gives more than its maker has",
    ends: "exit",
    shows: /^65534\ncapability E\w+\nchown EPERM\ntrusted E\w+\n$/,
  },
  {
    name: "the 32-bit and x32 doors past a filter for 64-bit calls",
    language: "python",
    code: python(`
import mmap
def door(code):
  child = os.fork()
  if child == 0:
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(code)
    ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
    os.write(1, b"ESCAPED\\n")
    os._exit(0)
  return os.WTERMSIG(os.waitpid(child, 0)[1])
if column == 0:
  print("int80", door(bytes.fromhex("b814000000cd80c3")))
  print("x32", door(bytes.fromhex("b8270000400f05c3")))
else:
  print("int80 31\\nx32 31")
`),
    holds: "a call by another interface kills",
    ends: "exit",
    shows: /^int80 31\nx32 31\n$/,
    // Taken as calls by the 64-bit interface, and filtered as such.
    gvisorGrants: [""],
  },
  {
    name: "port and model-specific registers, undefined instructions",
    language: "python",
    code: python(`
import mmap
def run(name, code):
  child = os.fork()
  if child == 0:
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(code)
    ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
    os.write(1, b"ESCAPED\\n")
    os._exit(0)
  print(name, os.WTERMSIG(os.waitpid(child, 0)[1]))
run("cli", bytes.fromhex("fac3"))
run("in", bytes.fromhex("e460c3"))
run("rdmsr", bytes.fromhex("0f32c3"))
run("hlt", bytes.fromhex("f4c3"))
run("ud2", bytes.fromhex("0f0bc3"))
`),
    holds: "a privileged instruction ends the process",
    ends: "exit",
    shows: /^(\w+ (11|4)\n){5}$/,
  },
];
