"use client";

import dynamic from "next/dynamic";
import { FiringTab } from "#components/alerts/firing-tab.tsx";
import { useUrlTab } from "#components/shared/url-state.ts";
import { PageHeader } from "#components/ui/page-header.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { Tabs } from "#components/ui/tabs.tsx";

const loading = () => <TableSkeleton label="Loading" />;
const RulesTab = dynamic(() => import("#components/alerts/rules-tab.tsx").then((module) => module.RulesTab), {
  loading,
});
const PointsTab = dynamic(() => import("#components/alerts/points-tab.tsx").then((module) => module.PointsTab), {
  loading,
});
const SilencesTab = dynamic(() => import("#components/alerts/silences-tab.tsx").then((module) => module.SilencesTab), {
  loading,
});
const LogTab = dynamic(() => import("#components/alerts/log-tab.tsx").then((module) => module.LogTab), { loading });

/** What needs somebody now, what is watched for, and who is told. */
export function AlertsScreen() {
  const [tab, setTab] = useUrlTab(["now", "history", "rules", "points", "silences", "log"]);
  return (
    <div className="flex flex-col gap-6">
      <PageHeader
        title="Alerts"
        description="What needs somebody now, the rules that find it, and who is told by mail or webhook."
      />
      <Tabs
        label="Alerts"
        value={tab}
        onValueChange={setTab}
        tabs={[
          { value: "now", label: "Firing", content: <FiringTab open /> },
          { value: "history", label: "History", content: <FiringTab open={false} /> },
          { value: "rules", label: "Rules", content: <RulesTab /> },
          { value: "points", label: "Contact points", content: <PointsTab /> },
          { value: "silences", label: "Silences", content: <SilencesTab /> },
          { value: "log", label: "Delivery log", content: <LogTab /> },
        ]}
      />
    </div>
  );
}
