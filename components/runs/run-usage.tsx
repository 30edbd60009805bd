import { formatBytes, formatDuration } from "#components/shared/format.ts";
import { Absent } from "#components/ui/absent.tsx";
import { DescriptionItem, DescriptionList } from "#components/ui/description-list.tsx";
import { Meter } from "#components/ui/meter.tsx";
import { Section } from "#components/ui/section.tsx";
import type { RunEventsSnapshot } from "#components/runs/run-events-store.ts";
import type { RunDetailOutput } from "#server/runs/schema.ts";

interface RunUsageProps {
  run: RunDetailOutput["run"];
  /** The last measurement of a run that is still going. */
  live: RunEventsSnapshot["usage"];
}

/** What the run used of what it may use. */
export function RunUsage({ run: { usage, limits, grant }, live }: RunUsageProps) {
  const cpuMs = live?.cpuMs ?? usage?.cpuMs ?? null;
  const memory = live?.memoryPeakBytes ?? usage?.memoryPeakBytes ?? null;
  const processes = live?.processes ?? usage?.processesPeak ?? null;
  const disk = live?.diskBytes ?? usage?.diskBytes ?? null;
  return (
    <Section title={live === null ? "Used" : "Used so far"}>
      <DescriptionList>
        <DescriptionItem name="Time">
          {usage === null ? <Absent text="not measured yet" /> : formatDuration(usage.wallMs)}
        </DescriptionItem>
        <DescriptionItem name="Start">
          {usage === null || usage.acquireMs === null ? (
            <Absent />
          ) : (
            `${formatDuration(usage.acquireMs)}, ${usage.warm === true ? "container was ready" : "container was made for it"}`
          )}
        </DescriptionItem>
        <DescriptionItem name="CPU">{cpuMs === null ? <Absent /> : formatDuration(cpuMs)}</DescriptionItem>
        <DescriptionItem name="Peak memory">
          <Share label="Peak memory" value={memory} max={limits?.memoryBytes} format={formatBytes} />
        </DescriptionItem>
        <DescriptionItem name="Processes">
          <Share label="Processes" value={processes} max={limits?.processes} format={String} />
        </DescriptionItem>
        <DescriptionItem name="Disk">
          <Share label="Disk" value={disk} max={limits?.diskBytes} format={formatBytes} />
        </DescriptionItem>
        <DescriptionItem name="Output">
          <Share label="Output" value={usage?.outputBytes ?? null} max={limits?.outputBytes} format={formatBytes} />
        </DescriptionItem>
        {grant !== null && (
          <>
            <DescriptionItem name="Models it may call">{grant.models.join(", ")}</DescriptionItem>
            <DescriptionItem name="Model tokens">
              <Share
                label="Model tokens"
                value={grant.usedTokens + grant.reservedTokens}
                max={grant.maxTokens}
                format={(tokens) => tokens.toLocaleString("en")}
              />
              {`, ${grant.calls} calls`}
            </DescriptionItem>
          </>
        )}
      </DescriptionList>
    </Section>
  );
}

interface ShareProps {
  label: string;
  value: number | null;
  max: number | undefined;
  format: (amount: number) => string;
}

function Share({ label, value, max, format }: ShareProps) {
  if (value === null) {
    return <Absent text="not measured" />;
  }
  return max === undefined ? (
    format(value)
  ) : (
    <Meter label={label} value={value} max={max} text={`${format(value)} of ${format(max)}`} />
  );
}
