"use client";

import { useQuery } from "@tanstack/react-query";
import dynamic from "next/dynamic";
import { parseAsString, useQueryState } from "nuqs";
import { ConfigEditor } from "#components/config/config-editor.tsx";
import { ConfigNotices } from "#components/config/config-notices.tsx";
import { useUrlTab } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { Tabs } from "#components/ui/tabs.tsx";

const SettingsPanel = dynamic(() => import("#components/config/settings-panel.tsx").then((m) => m.SettingsPanel));
const HistoryPanel = dynamic(() => import("#components/config/history-panel.tsx").then((m) => m.HistoryPanel));

const REFRESH_MS = 3_000;
const TABS = ["editor", "settings", "history"] as const;

/** The configuration file: edit it, see every setting in force, go back to an older version. */
export function ConfigScreen() {
  const trpc = useTRPC();
  const [tab, setTab] = useUrlTab(TABS);
  const [path, setPath] = useQueryState("path", parseAsString);
  const { data, error, isFetching, refetch } = useQuery(
    trpc.configuration.document.queryOptions(undefined, { refetchInterval: REFRESH_MS }),
  );
  const showInEditor = (wanted: string) => {
    void setPath(wanted);
    setTab("editor");
  };
  return (
    <div className="flex min-w-0 flex-col gap-6">
      <PageHeader
        title="Configuration"
        description={
          data === undefined ? (
            "The file that the gateway runs with."
          ) : (
            <>
              The gateway runs with <span className="font-mono text-xs break-all">{data.file}</span>. A change is
              checked, compared and applied in one step; the version before is kept.
            </>
          )
        }
      />
      {error !== null && (
        <ErrorState
          title="The configuration could not be read"
          error={error}
          busy={isFetching}
          onRetry={() => void refetch()}
        />
      )}
      {data === undefined && error === null && <TableSkeleton label="Loading configuration" rows={12} />}
      {data !== undefined && (
        <>
          <ConfigNotices document={data} />
          <Tabs
            label="Views of the configuration"
            value={tab}
            onValueChange={setTab}
            tabs={[
              { value: "editor", label: "Editor", content: <ConfigEditor document={data} path={path} /> },
              { value: "settings", label: "Settings in force", content: <SettingsPanel onShow={showInEditor} /> },
              { value: "history", label: "History", content: <HistoryPanel /> },
            ]}
          />
        </>
      )}
    </div>
  );
}
