import Link from "next/link";
import type { ReactNode } from "react";
import { Absent } from "#components/ui/absent.tsx";
import { DescriptionItem, DescriptionList } from "#components/ui/description-list.tsx";
import { Section } from "#components/ui/section.tsx";
import { Time } from "#components/ui/time.tsx";
import type { RunDetailOutput } from "#server/runs/schema.ts";

/** Who asked for the run, when, and where the record has it. */
export function RunFacts({ run }: { run: RunDetailOutput["run"] }) {
  return (
    <Section title="Who and when">
      <DescriptionList>
        <DescriptionItem name="User">
          {run.userId === null ? (
            <Absent />
          ) : (
            <FactLink href={`/users?open=${encodeURIComponent(run.userId)}`}>{run.userId}</FactLink>
          )}
        </DescriptionItem>
        <DescriptionItem name="Token" mono>
          {run.tokenId === null ? (
            run.principalId
          ) : (
            <FactLink href={`/tokens?open=${encodeURIComponent(run.tokenId)}`}>{run.tokenId}</FactLink>
          )}
        </DescriptionItem>
        <DescriptionItem name="Role and channel">
          {run.roleName} on {run.channel}
        </DescriptionItem>
        <DescriptionItem name="Profile">{run.profile}</DescriptionItem>
        {run.model !== null && <DescriptionItem name="Model">{run.model}</DescriptionItem>}
        <DescriptionItem name="Accepted">
          <Time value={run.createdAt} exact />
        </DescriptionItem>
        <DescriptionItem name="Started">
          {run.startedAt === null ? <Absent text="not yet" /> : <Time value={run.startedAt} exact />}
        </DescriptionItem>
        <DescriptionItem name="Ended">
          {run.finishedAt === null ? <Absent text="not yet" /> : <Time value={run.finishedAt} exact />}
        </DescriptionItem>
        <DescriptionItem name="Attempt">{run.attempt}</DescriptionItem>
        <DescriptionItem name="Worker" mono>
          {run.workerId ?? <Absent />}
        </DescriptionItem>
        <DescriptionItem name="Container" mono>
          {run.containerId?.slice(0, 12) ?? <Absent />}
        </DescriptionItem>
        <DescriptionItem name="Image" mono>
          {run.imageDigest ?? <Absent />}
        </DescriptionItem>
        <DescriptionItem name="On record" mono>
          <FactLink href={`/audit?q=${encodeURIComponent(`request:${run.requestId}`)}`}>{run.requestId}</FactLink>
        </DescriptionItem>
      </DescriptionList>
    </Section>
  );
}

function FactLink({ href, children }: { href: string; children: ReactNode }) {
  return (
    <Link href={href} className="text-primary underline underline-offset-4">
      {children}
    </Link>
  );
}
