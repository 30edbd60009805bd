import { AuditScreen } from "#components/audit/audit-screen.tsx";
import { requirePage } from "#server/trpc/caller.ts";

export const metadata = { title: "Audit log" };

export default async function AuditPage() {
  await requirePage();
  return <AuditScreen />;
}
