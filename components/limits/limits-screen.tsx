"use client";

import { useQuery } from "@tanstack/react-query";
import { TriangleAlertIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { CountersTab } from "#components/limits/counters-tab.tsx";
import { RulesTab } from "#components/limits/rules-tab.tsx";
import { useUrlTab } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Alert } from "#components/ui/alert.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { Tabs } from "#components/ui/tabs.tsx";
import { Time } from "#components/ui/time.tsx";
import type { LimitStatus } from "#server/limits/schema.ts";

const loading = () => <TableSkeleton label="Loading" />;
const ExplainTab = dynamic(() => import("#components/limits/explain-tab.tsx").then((module) => module.ExplainTab), {
  loading,
});
const RefusalsTab = dynamic(() => import("#components/limits/refusals-tab.tsx").then((module) => module.RefusalsTab), {
  loading,
});

const REFRESH_MS = 3_000;

export function LimitsScreen() {
  const trpc = useTRPC();
  const [tab, setTab] = useUrlTab(["now", "explain", "refusals", "rules"]);
  const { data, error, isFetching, refetch } = useQuery(
    trpc.limits.status.queryOptions(undefined, { refetchInterval: REFRESH_MS }),
  );
  return (
    <div className="flex flex-col gap-6">
      <PageHeader
        title="Rate limits"
        description="How much each user, channel and command may send, and who has used it up."
      />
      {error !== null && (
        <ErrorState
          title={data === undefined ? "The limits could not be read" : "The numbers below are out of date"}
          error={error}
          busy={isFetching}
          onRetry={() => void refetch()}
        />
      )}
      {data !== undefined && <StoreNotice status={data} />}
      <Tabs
        label="Rate limits"
        value={tab}
        onValueChange={setTab}
        tabs={[
          {
            value: "now",
            label: "Now",
            content: data === undefined ? error === null && loading() : <CountersTab status={data} />,
          },
          { value: "explain", label: "Which apply?", content: <ExplainTab /> },
          { value: "refusals", label: "Refusals", content: <RefusalsTab /> },
          {
            value: "rules",
            label: "Configured",
            content: data === undefined ? error === null && loading() : <RulesTab status={data} />,
          },
        ]}
      />
    </div>
  );
}

/** Whose numbers these are, and what is wrong with counting. */
function StoreNotice({ status: { enabled, store, onStoreFailure, server } }: { status: LimitStatus }) {
  const process = `${server.host}, process ${server.pid}`;
  return (
    <>
      {!enabled && (
        <Alert variant="warning">
          <TriangleAlertIcon aria-hidden />
          <p>
            Rate limits are switched off (<span className="font-mono text-xs">security.rateLimit.enabled</span>). Only
            restrictions of single users are counted.
          </p>
        </Alert>
      )}
      {store === "lost" && (
        <Alert variant="destructive" role="alert">
          <TriangleAlertIcon aria-hidden />
          <p>
            The Redis that counts for all gateways does not answer.{" "}
            {onStoreFailure === "deny"
              ? "Messages are refused until it does."
              : `Until it does, each gateway counts for itself; the numbers below are those of ${process}.`}
          </p>
        </Alert>
      )}
      {store === "shared" && (
        <p className="text-muted-foreground">
          Counted in Redis for all gateways together. Listed are those whom {process} has counted.
        </p>
      )}
      {store === "memory" && (
        <p className="text-muted-foreground">
          Counted in the memory of {process}, since <Time value={server.startedAt} />. Other gateways, if there are any,
          count for themselves: set <code className="font-mono text-xs">REDIS_URL</code> to count together.
        </p>
      )}
    </>
  );
}
