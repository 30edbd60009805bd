import {
  ArchiveIcon,
  BoxIcon,
  CircleCheckIcon,
  CircleXIcon,
  DatabaseIcon,
  FileCogIcon,
  LinkIcon,
  ServerCogIcon,
  TriangleAlertIcon,
} from "lucide-react";
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { RelativeTime } from "#components/shared/relative-time.tsx";
import { Badge, type BadgeVariant } from "#components/ui/badge.tsx";
import { Card, CardContent, CardHeader, CardTitle } from "#components/ui/card.tsx";
import type { OverviewStatus } from "#server/overview/schema.ts";

interface Health {
  variant: Extract<BadgeVariant, "success" | "warning" | "destructive">;
  text: string;
}

const HEALTH_ICONS: Record<Health["variant"], LucideIcon> = {
  success: CircleCheckIcon,
  warning: TriangleAlertIcon,
  destructive: CircleXIcon,
};

const ENGINE_HEALTH: Record<OverviewStatus["engine"]["state"], Health> = {
  ready: { variant: "success", text: "Ready" },
  image_missing: { variant: "warning", text: "No image" },
  unreachable: { variant: "destructive", text: "Not reachable" },
  no_worker: { variant: "destructive", text: "Unknown" },
};

export function StatusCards({ status }: { status: OverviewStatus }) {
  return (
    <div className="grid gap-3 sm:grid-cols-[repeat(auto-fit,minmax(15rem,1fr))]">
      <EngineCard engine={status.engine} />
      <WorkersCard workers={status.workers} now={status.at} />
      <StatusCard title="Database" icon={DatabaseIcon} health={{ variant: "success", text: "Online" }}>
        <Fact name="PostgreSQL">{status.database.version}</Fact>
        <Fact name="Answer time">{status.database.latencyMs} ms</Fact>
      </StatusCard>
      <AuditCard audit={status.audit} />
      <BackupsCard backups={status.backups} now={status.at} />
      <ConfigCard config={status.config} now={status.at} />
    </div>
  );
}

function EngineCard({ engine }: { engine: OverviewStatus["engine"] }) {
  return (
    <StatusCard title="Engine" icon={BoxIcon} health={ENGINE_HEALTH[engine.state]}>
      {engine.version !== null && <Fact name="Docker">{engine.version}</Fact>}
      {engine.imageDigest !== null && <Fact name="Image">{shortDigest(engine.imageDigest)}</Fact>}
      {engine.problem !== null && <p className="break-words">{engine.problem}</p>}
    </StatusCard>
  );
}

function WorkersCard({ workers, now }: { workers: OverviewStatus["workers"]; now: Date }) {
  const alive = workers.filter((worker) => worker.alive);
  const health: Health =
    alive.length === 0
      ? { variant: "destructive", text: "None alive" }
      : { variant: "success", text: `${alive.length} alive` };
  const shown = alive.length > 0 ? alive : workers.slice(0, 1);
  return (
    <StatusCard title="Workers" icon={ServerCogIcon} health={health}>
      {shown.map((worker) => (
        <Fact key={worker.id} name={`${worker.host}:${worker.pid}`}>
          <RelativeTime value={worker.heartbeatAt} now={now} />
        </Fact>
      ))}
      {workers.length === 0 && <p>None has reported yet. The logs folder of the home says why.</p>}
    </StatusCard>
  );
}

/** Batches wait for a moment before they are sealed; this many waiting means that the sealer has fallen behind or stopped. */
const SEAL_BACKLOG_WARNING = 1_000;

function AuditCard({ audit }: { audit: OverviewStatus["audit"] }) {
  const behind = audit.unsealed >= SEAL_BACKLOG_WARNING || (audit.lastSeq === null && audit.unsealed > 0);
  const health: Health = behind ? { variant: "warning", text: "Behind" } : { variant: "success", text: "Sealing" };
  return (
    <StatusCard title="Audit chain" icon={LinkIcon} health={health}>
      <Fact name="Sealed to">{audit.lastSeq === null ? "nothing yet" : `#${audit.lastSeq}`}</Fact>
      <Fact name="Waiting">{audit.unsealed}</Fact>
    </StatusCard>
  );
}

/** A backup that is this many intervals old was missed more than once. */
const MISSED_INTERVALS = 3;

function BackupsCard({ backups, now }: { backups: OverviewStatus["backups"]; now: Date }) {
  const { last, lastVerified } = backups;
  return (
    <StatusCard title="Backups" icon={ArchiveIcon} health={backupHealth(backups, now)}>
      <Fact name="Last">{last === null ? "none" : <RelativeTime value={last.at} now={now} />}</Fact>
      <Fact name="Tested">{lastVerified === null ? "never" : <RelativeTime value={lastVerified.at} now={now} />}</Fact>
    </StatusCard>
  );
}

function backupHealth({ last, lastVerified, intervalMs }: OverviewStatus["backups"], now: Date): Health {
  if (lastVerified?.ok === false) {
    return { variant: "destructive", text: "Test failed" };
  }
  if (last === null) {
    return { variant: "warning", text: "None yet" };
  }
  const missed = intervalMs > 0 && now.getTime() - last.at.getTime() > MISSED_INTERVALS * intervalMs;
  return missed ? { variant: "warning", text: "Overdue" } : { variant: "success", text: "Made" };
}

function ConfigCard({ config, now }: { config: OverviewStatus["config"]; now: Date }) {
  const invalid = config.problems.length > 0;
  return (
    <StatusCard
      title="Config"
      icon={FileCogIcon}
      health={invalid ? { variant: "destructive", text: "File invalid" } : { variant: "success", text: "Loaded" }}
    >
      <Fact name="Loaded">
        <RelativeTime value={config.loadedAt} now={now} />
      </Fact>
      <p className="truncate font-mono text-xs" title={config.file}>
        {config.file}
      </p>
    </StatusCard>
  );
}

interface StatusCardProps {
  title: string;
  icon: LucideIcon;
  health: Health;
  children: ReactNode;
}

function StatusCard({ title, icon: Icon, health, children }: StatusCardProps) {
  const HealthIcon = HEALTH_ICONS[health.variant];
  return (
    <Card aria-label={title} className="min-w-0">
      <CardHeader>
        <Icon aria-hidden className="size-4 shrink-0 text-muted-foreground" />
        <CardTitle className="truncate">{title}</CardTitle>
        <Badge variant={health.variant} className="ml-auto">
          <HealthIcon aria-hidden />
          {health.text}
        </Badge>
      </CardHeader>
      <CardContent className="flex flex-col gap-1 text-muted-foreground">{children}</CardContent>
    </Card>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <dl className="flex justify-between gap-3">
      <dt className="truncate">{name}</dt>
      <dd className="font-mono text-xs leading-5 whitespace-nowrap text-foreground">{children}</dd>
    </dl>
  );
}

const SHORT_DIGEST_CHARACTERS = 12;

/** The first characters of the hash, as the docker CLI shows them. */
function shortDigest(digest: string): string {
  return digest.replace(/^.*sha256:/, "").slice(0, SHORT_DIGEST_CHARACTERS);
}
