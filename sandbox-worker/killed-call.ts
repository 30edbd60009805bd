/** Names for the calls our seccomp profile kills for. */
import type { KilledCall } from "#worker/kernel-log.ts";

// AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64; numbers from the kernel's syscall tables.
const X86_64 = 0xc000_003e;
const AARCH64 = 0xc000_00b7;
/** Marks the x32 interface, which has no architecture of its own. */
const X32_BIT = 0x4000_0000;

const X86_NAMES: Readonly<Record<number, string>> = {
  155: "pivot_root",
  163: "acct",
  164: "settimeofday",
  165: "mount",
  166: "umount2",
  167: "swapon",
  168: "swapoff",
  169: "reboot",
  175: "init_module",
  176: "delete_module",
  179: "quotactl",
  227: "clock_settime",
  246: "kexec_load",
  304: "open_by_handle_at",
  308: "setns",
  313: "finit_module",
  320: "kexec_file_load",
  321: "bpf",
};
const ARM_NAMES: Readonly<Record<number, string>> = {
  39: "umount2",
  40: "mount",
  41: "pivot_root",
  60: "quotactl",
  89: "acct",
  104: "kexec_load",
  105: "init_module",
  106: "delete_module",
  112: "clock_settime",
  142: "reboot",
  170: "settimeofday",
  224: "swapon",
  225: "swapoff",
  265: "open_by_handle_at",
  268: "setns",
  273: "finit_module",
  280: "bpf",
  294: "kexec_file_load",
};
/** The same on every architecture. */
const COMMON_NAMES: Readonly<Record<number, string>> = {
  428: "open_tree",
  429: "move_mount",
  430: "fsopen",
  431: "fsconfig",
  432: "fsmount",
  433: "fspick",
  442: "mount_setattr",
};

/** The call's name; for one that came in by another interface (32-bit, x32), which the filter kills for whatever it is, that. */
export function callName({ arch, call }: KilledCall): string {
  if (arch === X86_64 && call >= X32_BIT) {
    return "foreign_interface";
  }
  const names = arch === X86_64 ? X86_NAMES : arch === AARCH64 ? ARM_NAMES : null;
  return names === null ? "foreign_interface" : (names[call] ?? COMMON_NAMES[call] ?? `call_${call}`);
}
