import { Meter } from "#components/ui/meter.tsx";
import { StatusBadge, type Status } from "#components/ui/status-badge.tsx";
import type { KeyView } from "#server/key-rotation/schema.ts";

const STATES: Record<KeyView["state"], { status: Status; text: string }> = {
  ok: { status: "ok", text: "In time" },
  due_soon: { status: "ending", text: "Due soon" },
  overdue: { status: "failed", text: "Overdue" },
  unknown: { status: "none", text: "Not seen yet" },
};

export function KeyState({ state }: { state: KeyView["state"] }) {
  return <StatusBadge status={STATES[state].status}>{STATES[state].text}</StatusBadge>;
}

/** How much of the interval has gone by. @param warnFrom share from which a notice goes out */
export function KeyAge({ view: { label, ageDays, ageShare }, warnFrom }: { view: KeyView; warnFrom: number }) {
  return ageDays === null || ageShare === null ? (
    <span className="text-muted-foreground">not known</span>
  ) : (
    <Meter
      label={`Age of ${label}`}
      value={ageShare}
      max={1}
      text={ageDays === 1 ? "1 day" : `${ageDays} days`}
      warnFrom={warnFrom}
    />
  );
}

export function KeySourceText({ view: { source, variables } }: { view: KeyView }) {
  if (source === "environment") {
    return <code className="font-mono text-xs">{variables.map((name) => `\${${name}}`).join(" ")}</code>;
  }
  return SOURCES[source];
}

const SOURCES = { plain: "File, in plain text", encrypted: "File, encrypted", database: "Database" } as const;
