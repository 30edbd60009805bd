/** Device nodes, raw disks and kernel memory. */
import { python, sh, type HostileProgram } from "#worker/hostile/corpus/program.ts";

export const DEVICES: readonly HostileProgram[] = [
  {
    name: "mknod of memory, disks and the loop control in every writable place",
    language: "python",
    code: python(`
for place in ("/workspace", "/tmp", "/dev/shm"):
  for kind, major, minor in (("c", 1, 1), ("c", 1, 2), ("c", 1, 4), ("b", 8, 0), ("b", 254, 0), ("b", 7, 0), ("c", 10, 237), ("c", 10, 229), ("c", 1, 11)):
    mode = 0o666 | (stat.S_IFBLK if kind == "b" else stat.S_IFCHR)
    attempt("mknod", lambda: os.mknod(f"{place}/{kind}{major}-{minor}", mode, os.makedev(major, minor)))
`),
    holds: "no device node is made",
    ends: "exit",
    shows: /^(mknod EPERM\n){27}$/,
    gvisorGrants: ["mknod"],
  },
  {
    name: "device files that would show the machine's memory, disks or consoles",
    language: "python",
    code: python(`
for name in ("mem kmem port kmsg fuse kvm net/tun loop0 loop-control sda vda xvda nvme0n1 dm-0 mapper/control input/event0 snd "
             "vhost-net vsock hwrng uinput cuse btrfs-control nvram cpu/0/msr tty0 tty1 ttyS0 console").split():
  attempt(name, lambda: os.close(os.open("/dev/" + name, os.O_RDWR)))
`),
    holds: "none of them is there or opens",
    ends: "exit",
    shows: /^(\S+ E\w+\n){27,}$/,
    gvisorGrants: ["fuse", "net/tun"],
  },
  {
    name: "the null, zero and random devices as a way to keep something for the next run",
    language: "sh",
    code: sh(`
for device in null zero full random urandom tty; do works chmod-$device chmod 700 /dev/$device; works rm-$device rm -f /dev/$device; done
works replace mv /workspace/main.sh /dev/null`),
    holds: "the devices stay as they are",
    ends: "exit",
    shows: /^(\S+ refused\n){13}$/,
  },
  {
    name: "typing into a terminal that is not its own (TIOCSTI, TIOCLINUX, new pseudo terminals)",
    language: "python",
    code: python(`
import fcntl
for descriptor in (0, 1, 2):
  attempt("TIOCSTI", lambda: fcntl.ioctl(descriptor, 0x5412, b"x"))
  attempt("TIOCLINUX", lambda: fcntl.ioctl(descriptor, 0x541c, b"\\x0b"))
attempt("tty", lambda: os.open("/dev/tty", os.O_RDWR))
master, slave = os.openpty()
print("own pty", os.ttyname(slave))
`),
    holds: "there is no terminal but one it makes itself",
    ends: "exit",
    shows: /^((TIOCSTI|TIOCLINUX) ENOTTY\n){6}tty E\w+\nown pty \/dev\/pts\/0\n$/,
  },
];
