import { formatBytes, formatDuration } from "#components/shared/format.ts";
import { DataTable } from "#components/ui/data-table.tsx";
import { Section } from "#components/ui/section.tsx";
import type { RunDetailOutput } from "#server/runs/schema.ts";

type Limits = NonNullable<RunDetailOutput["run"]["limits"]>;

interface LimitRow {
  name: string;
  limit: string;
  heldBy: string;
}

/** Every limit that was in force, and what held it. */
export function RunLimitsTable({ run: { limits } }: { run: RunDetailOutput["run"] }) {
  return (
    <Section title="Limits" description="As they were enforced, and what holds each of them.">
      {limits === null ? (
        <p className="text-muted-foreground">Known once its container is made.</p>
      ) : (
        <DataTable
          label="Limits of the run"
          rowKey={({ name }) => name}
          rows={rowsOf(limits)}
          columns={[
            { key: "name", header: "Limit", cell: ({ name }) => name },
            { key: "limit", header: "In force", cell: ({ limit }) => <span className="tabular-nums">{limit}</span> },
            { key: "heldBy", header: "Held by", cell: ({ heldBy }) => heldBy, className: "whitespace-normal" },
          ]}
        />
      )}
    </Section>
  );
}

function rowsOf(limits: Limits): LimitRow[] {
  const { memoryBytes, cpuCores, processes, diskBytes, diskBackend, timeoutMs, outputBytes } = limits;
  return [
    { name: "Memory", limit: formatBytes(memoryBytes), heldBy: "control group, swap included" },
    { name: "CPU", limit: `${cpuCores} cores`, heldBy: "control group quota" },
    { name: "Processes", limit: String(processes), heldBy: "control group, threads count too" },
    {
      name: "Disk",
      limit: formatBytes(diskBytes),
      heldBy:
        diskBackend === "tmpfs" ? "tmpfs of that size; counts as memory" : "a file system of its own (loop, ext4)",
    },
    { name: "Time", limit: formatDuration(timeoutMs), heldBy: "the worker's clock" },
    { name: "Output", limit: formatBytes(outputBytes), heldBy: "the worker, which reads it" },
    { name: "Network", limit: limits.network, heldBy: "network name space" },
    { name: "Root file system", limit: limits.readonlyRoot ? "read-only" : "writable", heldBy: "mount option" },
    { name: "System calls", limit: limits.seccomp, heldBy: "seccomp, no new privileges" },
    { name: "User", limit: limits.user, heldBy: "the engine, all capabilities dropped" },
    { name: "Runtime", limit: limits.runtime, heldBy: "the engine" },
  ];
}
