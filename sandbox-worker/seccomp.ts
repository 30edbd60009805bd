/** Our seccomp profile as the engine takes it: the text itself, not a path. Its entries say what each group of calls is for. */
import profile from "#worker/seccomp.json" with { type: "json" };

export const SECCOMP_PROFILE = JSON.stringify(profile);
