"use client";

import { ShieldCheckIcon } from "lucide-react";
import Link from "next/link";
import { parseAsBoolean, parseAsStringLiteral, useQueryStates } from "nuqs";
import { CommandLine } from "#components/shared/command-line.tsx";
import { Badge } from "#components/ui/badge.tsx";
import { Button } from "#components/ui/button.tsx";
import { EmptyState, FilteredEmptyState } from "#components/ui/empty-state.tsx";
import { Field } from "#components/ui/field.tsx";
import { Section } from "#components/ui/section.tsx";
import { Select } from "#components/ui/select.tsx";
import { SCAN_AREAS, SCAN_SEVERITIES, type ScanSeverity } from "#server/scan/policy.ts";
import type { StoredFinding } from "#server/scan/schema.ts";

const GROUPS: Record<ScanSeverity, string> = { critical: "Critical", warn: "Warnings", info: "Advice" };
const PARSERS = { area: parseAsStringLiteral(SCAN_AREAS), fresh: parseAsBoolean.withDefault(false) };

interface FindingsSectionProps {
  findings: readonly StoredFinding[];
  /** Absent: the viewer may not. */
  onSuppress: ((fingerprint: string) => void) | undefined;
}

/** Findings by severity, each with where it comes from and what corrects it. */
export function FindingsSection({ findings, onSuppress }: FindingsSectionProps) {
  const [{ area, fresh }, setFilter] = useQueryStates(PARSERS, { history: "push" });
  const areas = SCAN_AREAS.filter((one) => findings.some((finding) => finding.area === one) || one === area);
  const shown = findings.filter((finding) => (area === null || finding.area === area) && (!fresh || finding.isNew));
  if (findings.length === 0) {
    return (
      <Section title="Findings">
        <div className="rounded-lg border bg-card">
          <EmptyState icon={ShieldCheckIcon} title="Nothing was found">
            Of what could be looked at, everything is as it should be.
          </EmptyState>
        </div>
      </Section>
    );
  }
  return (
    <>
      <div className="flex flex-wrap gap-4">
        <Field label="Area" className="w-56">
          <Select
            value={area ?? ""}
            onChange={(event) => void setFilter({ area: SCAN_AREAS.find((one) => one === event.target.value) ?? null })}
          >
            <option value="">All areas</option>
            {areas.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </Select>
        </Field>
        <Field label="Show" className="w-56">
          <Select
            value={fresh ? "new" : ""}
            onChange={(event) => void setFilter({ fresh: event.target.value === "new" ? true : null })}
          >
            <option value="">All findings</option>
            <option value="new">New since the scan before</option>
          </Select>
        </Field>
      </div>
      {shown.length === 0 && (
        <div className="rounded-lg border bg-card">
          <FilteredEmptyState noun="findings" onClear={() => void setFilter(null)} />
        </div>
      )}
      {SCAN_SEVERITIES.map((severity) => {
        const group = shown.filter((finding) => finding.severity === severity);
        return group.length === 0 ? null : (
          <Section key={severity} title={`${GROUPS[severity]} (${group.length})`}>
            <ul aria-label={GROUPS[severity]} className="flex min-w-0 flex-col divide-y rounded-md border bg-card">
              {group.map((finding) => (
                <Finding key={finding.fingerprint} finding={finding} onSuppress={onSuppress} />
              ))}
            </ul>
          </Section>
        );
      })}
    </>
  );
}

function Finding({ finding, onSuppress }: { finding: StoredFinding } & Pick<FindingsSectionProps, "onSuppress">) {
  const { id, title, why, evidence, configPath, location, fix, isNew, fingerprint } = finding;
  const place = location === null ? null : location.line === null ? location.file : `${location.file}:${location.line}`;
  return (
    <li className="flex min-w-0 flex-col gap-1 px-4 py-3">
      <div className="flex flex-wrap items-center gap-2">
        <h3 className="font-medium">{title}</h3>
        {isNew && <Badge variant="active">New</Badge>}
        <span className="font-mono text-xs break-all text-muted-foreground">{id}</span>
        <span className="ml-auto flex flex-wrap gap-2">
          {configPath !== null && (
            <Button asChild variant="outline" size="sm">
              <Link href={`/config?path=${encodeURIComponent(configPath)}`} aria-label={`Show setting ${configPath}`}>
                Show setting
              </Link>
            </Button>
          )}
          {onSuppress !== undefined && (
            <Button
              variant="outline"
              size="sm"
              aria-label={`Suppress ${title}`}
              onClick={() => onSuppress(fingerprint)}
            >
              Suppress
            </Button>
          )}
        </span>
      </div>
      <p className="break-words">{evidence}</p>
      <p className="break-words text-muted-foreground">{why}</p>
      {place !== null && <p className="font-mono text-xs break-all text-muted-foreground">{place}</p>}
      <p className="break-words">
        <span className="text-muted-foreground">Fix:</span> {fix.text}
      </p>
      {fix.command !== null && <CommandLine command={fix.command} />}
    </li>
  );
}
