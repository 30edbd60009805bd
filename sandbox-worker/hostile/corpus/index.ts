/** All hostile programs. */
import { BOMBS } from "#worker/hostile/corpus/bombs.ts";
import { DEVICES } from "#worker/hostile/corpus/devices.ts";
import { FILES } from "#worker/hostile/corpus/files.ts";
import { KERNEL_FILES } from "#worker/hostile/corpus/kernel-files.ts";
import { MOUNTS } from "#worker/hostile/corpus/mounts.ts";
import { NETWORK } from "#worker/hostile/corpus/network.ts";
import { PROCESSES } from "#worker/hostile/corpus/processes.ts";
import type { HostileProgram } from "#worker/hostile/corpus/program.ts";
import { SECRETS } from "#worker/hostile/corpus/secrets.ts";
import { SYSTEM_CALLS } from "#worker/hostile/corpus/system-calls.ts";

export const CORPUS: readonly HostileProgram[] = [
  ...MOUNTS,
  ...DEVICES,
  ...KERNEL_FILES,
  ...SYSTEM_CALLS,
  ...NETWORK,
  ...FILES,
  ...SECRETS,
  ...PROCESSES,
  ...BOMBS,
];
