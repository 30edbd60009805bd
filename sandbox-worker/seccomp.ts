/** Our seccomp profile as the engine takes it: the text itself, not a path. Its entries say what each group of calls is for. */
import type { SandboxPolicy } from "#server/sandbox/policy.ts";
import profile from "#worker/seccomp.json" with { type: "json" };

export const SECCOMP_PROFILE = JSON.stringify(profile);

/**
 * gVisor (2022) refuses a profile that kills whole processes and answers EPERM whatever error is asked for. Without ENOSYS for clone3 no
 * thread starts; a traced call that nobody traces is answered so, and no call to trace is allowed.
 */
const GVISOR_PROFILE = JSON.stringify({
  ...profile,
  syscalls: profile.syscalls.map((entry) => ({ ...entry, action: gvisorAction(entry) })),
});

function gvisorAction({ action, errnoRet }: { action: string; errnoRet?: number }): string {
  if (action === "SCMP_ACT_KILL_PROCESS") {
    return "SCMP_ACT_KILL";
  }
  return errnoRet === undefined ? action : "SCMP_ACT_TRACE";
}

export const seccompProfile = (runtime: SandboxPolicy["runtime"]): string =>
  runtime === "runsc" ? GVISOR_PROFILE : SECCOMP_PROFILE;
