/** /proc, /sys and the cgroup file systems: settings that would act on the host. */
import { python, sh, type HostileProgram } from "#worker/hostile/corpus/program.ts";

export const KERNEL_FILES: readonly HostileProgram[] = [
  {
    name: "cgroup release_agent: write it wherever a cgroup file system shows",
    language: "sh",
    code: sh(`
for folder in /sys/fs/cgroup /sys/fs/cgroup/*; do
  works $folder/release_agent sh -c "echo /workspace/main.sh >$folder/release_agent"
  works $folder/notify sh -c "echo 1 >$folder/notify_on_release"
  works $folder/new mkdir $folder/hostile
done
works rdma mount -t cgroup -o rdma cgroup /tmp`),
    holds: "no release agent is set and no cgroup is made",
    ends: "exit",
    shows: /^(\S+ refused\n){4,}$/,
  },
  {
    name: "raising its own limits in the cgroup, or leaving it",
    language: "sh",
    code: sh(`
for file in memory/memory.limit_in_bytes memory/memory.memsw.limit_in_bytes memory/memory.oom_control pids/pids.max cpu/cpu.cfs_quota_us \\
  devices/devices.allow cpuset/cpuset.cpus memory.max pids.max cpu.max cgroup.procs memory/tasks pids/cgroup.procs freezer/freezer.state; do
  works $file sh -c "echo 1 >/sys/fs/cgroup/$file"
done`),
    holds: "the cgroup cannot be written",
    ends: "exit",
    shows: /^(\S+ refused\n){14}$/,
  },
  {
    name: "core_pattern, modprobe, hotplug, binfmt_misc, sysrq and the like",
    language: "python",
    code: python(`
for path in ("/proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/kernel/hotplug /proc/sys/kernel/poweroff_cmd "
  "/proc/sys/fs/binfmt_misc/register /proc/sysrq-trigger /proc/sys/kernel/sysrq /sys/kernel/uevent_helper /proc/sys/vm/overcommit_memory "
  "/proc/sys/vm/drop_caches /proc/sys/vm/panic_on_oom /proc/sys/kernel/panic /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/hostname "
  "/proc/sys/kernel/randomize_va_space /proc/sys/fs/suid_dumpable /proc/sys/kernel/ns_last_pid /proc/mtrr /proc/irq/0/smp_affinity "
  "/sys/power/state /sys/kernel/mm/ksm/run /sys/kernel/profiling /sys/module/kernel/parameters/panic /proc/timer_list /proc/acpi/wakeup "
  "/sys/kernel/security/apparmor/.load /sys/fs/selinux/load /proc/sys/kernel/keys/maxkeys /proc/kmsg").split():
  attempt(path, lambda: overwrite(path, b"|/workspace/main.py\\n"))
`),
    holds: "no kernel setting is written",
    ends: "exit",
    shows: /^(\S+ E\w+\n){29}$/,
  },
  {
    name: "a walk over all of /proc/sys and /sys for anything writable",
    language: "sh",
    code: sh(`
find /proc/sys /sys -type f 2>/dev/null | wc -l
find /proc/sys /sys -type f -writable 2>/dev/null | while read -r file; do works "$file" sh -c ": >>'$file'"; done | grep ESCAPED
echo walked`),
    holds: "nothing there opens for writing",
    ends: "exit",
    shows: /^\d{3,}\nwalked\n$/,
  },
  {
    name: "kernel memory and symbols: kcore, kallsyms, kpagecount, iomem, kernel log",
    language: "python",
    code: python(`
for path in ("/proc/kcore", "/proc/kpagecount", "/proc/kpageflags", "/proc/vmallocinfo", "/proc/slabinfo", "/proc/kmsg", "/dev/kmsg", "/proc/sched_debug",
             "/sys/kernel/debug/tracing/trace", "/sys/kernel/tracing/trace", "/sys/firmware/efi/efivars", "/sys/firmware/dmi/tables/DMI"):
  def action():
    if not content(path): raise OSError(errno.ENODATA, "")
    os.listdir(path) if os.path.isdir(path) else None
  attempt(path, action)
symbols = content("/proc/kallsyms", 1 << 16).split(b"\\n")[:-1]
print("symbols hidden" if all(line.startswith(b"0000000000000000") for line in symbols) else "ESCAPED kallsyms")
iomem = content("/proc/iomem")
print("iomem hidden" if all(b"00000000-00000000" in line for line in iomem.splitlines()) else "ESCAPED iomem")
call("syslog", 3, ctypes.create_string_buffer(4096), 4096)
`),
    holds: "no kernel memory, address or log is read",
    ends: "exit",
    shows: /^(\S+ E\w+\n){12}symbols hidden\niomem hidden\nsyslog EPERM\n$/,
  },
  {
    name: "making itself unkillable for the out-of-memory killer, then growing",
    language: "python",
    code: python(`
attempt("oom_score_adj", lambda: overwrite("/proc/self/oom_score_adj", b"-1000"))
attempt("oom_adj", lambda: overwrite("/proc/self/oom_adj", b"-17"))
attempt("init", lambda: overwrite("/proc/1/oom_score_adj", b"-1000"))
hoard = []
while True: hoard.append(bytearray(1 << 20))
`),
    holds: "the score cannot be lowered and the memory limit holds",
    ends: "memory",
    shows: /^oom_score_adj EACCES\noom_adj EACCES\ninit EACCES\n$/,
    gvisorGrants: ["oom_score_adj", "init"],
  },
];
