/** Reaching other file systems: mounting, remounting, leaving the root. */
import { python, sh, type HostileProgram } from "#worker/hostile/corpus/program.ts";

const MOUNT_CALLS = [
  "mount",
  "umount2",
  "pivot_root",
  "move_mount",
  "open_tree",
  "fsopen",
  "fsmount",
  "fspick",
] as const;

export const MOUNTS: readonly HostileProgram[] = [
  {
    name: "mount by raw system call: proc, tmpfs, bind of the root, remount read-write",
    language: "python",
    code: python(`
deadly("mount", b"proc", b"/tmp", b"proc", 0, 0)
deadly("mount", b"none", b"/tmp", b"tmpfs", 0, 0)
deadly("mount", b"/", b"/tmp", b"", 4096, 0)
deadly("mount", b"none", b"/", b"", 32, 0)
`),
    holds: "no mount is made and each try kills its caller",
    ends: "exit",
    exitCode: 0,
    shows: /^(mount SIGSYS\n){4}$/,
    killed: ["mount"],
  },
  {
    name: "every call of the mount interface, old and new",
    language: "python",
    code: python(`
deadly("mount", b"none", b"/tmp", b"tmpfs", 0, 0)
deadly("umount2", b"/proc", 2)
deadly("pivot_root", b"/tmp", b"/tmp")
deadly("move_mount", -100, b"/tmp", -100, b"/etc", 0)
deadly("open_tree", -100, b"/", 1)
deadly("fsopen", b"tmpfs", 0)
deadly("fsmount", 0, 0, 0)
deadly("fspick", -100, b"/", 0)
`),
    holds: "no call of the mount interface is answered",
    ends: "exit",
    shows: /^(\w+ SIGSYS\n){8}$/,
    killed: MOUNT_CALLS,
  },
  {
    name: "the main process itself mounts",
    language: "python",
    code: python(`call("mount", b"none", b"/tmp", b"tmpfs", 0, 0)\nprint("alive")`),
    holds: "the program ends at once with SIGSYS",
    ends: "exit",
    exitCode: 159,
    killed: ["mount"],
  },
  {
    name: "the mount tools of the image",
    language: "sh",
    code: sh(`
works remount mount -o remount,rw /
works tmpfs mount -t tmpfs none /tmp
works bind mount --bind / /tmp
works umount umount /proc
works proc mount -t proc proc /workspace
works loop losetup -f
works pivot pivot_root /tmp /tmp
works switch switch_root /tmp /bin/sh`),
    holds: "the tools have no privilege",
    ends: "exit",
    shows: /^(\w+ refused\n){8}$/,
  },
  {
    name: "writing to the image's own files",
    language: "sh",
    code: sh(`
for place in / /etc /usr /usr/bin /root /var /var/lib /home /opt /srv /boot /run /dev /proc /sys; do works $place touch $place/hostile; done
works passwd sh -c 'echo root2::0:0::/:/bin/sh >>/etc/passwd'
works ldpreload sh -c 'echo /tmp/x.so >/etc/ld.so.preload'
works replace sh -c ': >/usr/bin/python3.11'`),
    holds: "the root file system is read-only",
    ends: "exit",
    shows: /^(\S+ refused\n){18}$/,
  },
  {
    name: "chroot and the way back out of it",
    language: "python",
    code: python(`
os.mkdir("/workspace/jail")
here = os.open("/", os.O_RDONLY)
call("chroot", b"/workspace/jail")
os.fchdir(here)
for _ in range(64): os.chdir("..")
call("chroot", b".")
print(sorted(os.listdir("."))[:3], os.path.exists("/workspace/main.py"))
`),
    holds: "chroot is refused and .. ends at the container's root",
    ends: "exit",
    shows: /^chroot EPERM\nchroot EPERM\n\['\.dockerenv', 'bin', /,
  },
  {
    name: "open_by_handle_at with guessed handles of the host's root (shocker)",
    language: "python",
    code: python(`
class Handle(ctypes.Structure):
  _fields_ = [("bytes", ctypes.c_uint), ("type", ctypes.c_int), ("handle", ctypes.c_ubyte * 8)]
guess = Handle(8, 1, (ctypes.c_ubyte * 8)(2, 0, 0, 0, 0, 0, 0, 0))
root = os.open("/etc/hosts", os.O_RDONLY)
call("name_to_handle_at", root, b"", ctypes.byref(guess), ctypes.byref(ctypes.c_int()), 4096)
deadly("open_by_handle_at", root, ctypes.byref(guess), 0)
`),
    holds: "no file is opened by its handle",
    ends: "exit",
    shows: /^name_to_handle_at EPERM\nopen_by_handle_at SIGSYS\n$/,
    killed: ["open_by_handle_at"],
  },
  {
    name: "new user, mount, pid, network, cgroup and time namespaces",
    language: "sh",
    code: sh(`
for kind in U m p n C i u T; do works unshare-$kind unshare -$kind true; done
works as-root unshare -Ur id
works enter nsenter -t 1 -m true`),
    holds: "no namespace is made or entered",
    ends: "exit",
    shows: /^(\S+ refused\n){10}$/,
  },
  {
    name: "namespaces by clone, clone3 and setns on every namespace of process 1",
    language: "python",
    code: python(`
number = 56 if column == 0 else 220
for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x02000000, 0x08000000, 0x04000000):
  ctypes.set_errno(0)
  result = libc.syscall(number, flag | 17, 0, 0, 0, 0)
  if result == 0: os._exit(0)
  print("ESCAPED clone" if result > 0 else "clone " + errno.errorcode[ctypes.get_errno()])
arguments = (ctypes.c_ulong * 11)(0x10000000, 0, 0, 0, 17)
ctypes.set_errno(0)
print(libc.syscall(435, arguments, 88), errno.errorcode[ctypes.get_errno()])
for kind in ("mnt", "net", "pid", "user"):
  deadly("setns", os.open("/proc/1/ns/" + kind, os.O_RDONLY), 0)
`),
    holds: "clone with a namespace flag is refused, clone3 does not exist, setns kills",
    ends: "exit",
    shows: /^(clone EPERM\n){7}-1 ENOSYS\n(setns SIGSYS\n){4}$/,
    killed: ["setns"],
  },
  {
    name: "the layers' paths on the host, as /proc/mounts tells them",
    language: "python",
    code: python(`
import re
layers = re.findall(r"(?:lowerdir|upperdir|workdir)=([^,: ]+)", open("/proc/self/mounts").read())
print(len(layers) > 0)
for path in layers + ["/var/lib/docker", "/var/lib/containerd", "/run/docker", "/host", "/rootfs", "/mnt/host"]:
  attempt("listing", lambda: os.listdir(path))
`),
    holds: "the paths lead nowhere in here",
    ends: "exit",
    shows: /^True\n(listing ENOENT\n){7,}$/,
  },
];
