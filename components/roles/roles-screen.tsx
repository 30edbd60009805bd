"use client";

import { useQuery } from "@tanstack/react-query";
import { FlaskConicalIcon, PlusIcon, ShieldIcon, TriangleAlertIcon } from "lucide-react";
import dynamic from "next/dynamic";
import Link from "next/link";
import { parseAsString, useQueryStates } from "nuqs";
import { ProvisionedNote } from "#components/policy/provisioned-note.tsx";
import { RoleTable } from "#components/roles/role-table.tsx";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Alert } from "#components/ui/alert.tsx";
import { Button } from "#components/ui/button.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";

const RoleEditor = dynamic(async () => (await import("#components/roles/role-editor.tsx")).RoleEditor, {
  loading: () => <TableSkeleton label="Loading the editor" />,
});

const PLACE = { role: parseAsString, permission: parseAsString, new: parseAsString, from: parseAsString };
const NOWHERE = { role: null, permission: null, new: null, from: null };

/** The list of roles, or one of them: `?role=user`, `?role=user&permission=runs:create` from a refusal, `?new`, `?new&from=user`. */
export function RolesScreen() {
  const trpc = useTRPC();
  const can = useCan();
  const [place, go] = useQueryStates(PLACE, { history: "push" });
  const { data, error, isFetching, refetch } = useQuery(trpc.roles.list.queryOptions());
  const { data: choices } = useQuery(trpc.policy.choices.queryOptions(undefined, { enabled: can("policy:explain") }));
  const isNew = place.new !== null;

  if (data !== undefined && (isNew || place.role !== null)) {
    const find = (name: string | null) => data.roles.find((role) => role.name === name) ?? null;
    const role = isNew ? null : find(place.role);
    if (isNew || role !== null) {
      return (
        <RoleEditor
          key={isNew ? `new from ${place.from ?? ""}` : role?.name}
          role={role}
          template={find(place.from)}
          taken={data.roles.map(({ name }) => name)}
          inFile={data.provisioned !== null}
          canWrite={can("roles:write")}
          highlight={place.permission}
          choices={{ channels: choices?.channels ?? [], commands: choices?.commands ?? [] }}
          onClose={() => void go(NOWHERE)}
          onSaved={() => void go(NOWHERE)}
          onDuplicate={() => void go({ ...NOWHERE, new: "", from: place.role })}
        />
      );
    }
  }

  const isWritable = data !== undefined && data.provisioned === null && can("roles:write");
  const create = (
    <Button size="sm" onClick={() => void go({ ...NOWHERE, new: "" })}>
      <PlusIcon aria-hidden />
      New role
    </Button>
  );
  return (
    <div className="flex flex-col gap-6">
      <PageHeader
        title="Roles"
        description="What people, tokens and members of this console may do. Everything that no role grants is refused."
        actions={
          <>
            {can("policy:explain") && (
              <Button asChild variant="outline" size="sm">
                <Link href="/roles/simulate">
                  <FlaskConicalIcon aria-hidden />
                  Test access
                </Link>
              </Button>
            )}
            {isWritable && create}
          </>
        }
      />
      {data?.enabled === false && (
        <Alert variant="warning">
          <TriangleAlertIcon aria-hidden />
          <p>Authorization is switched off in the configuration: nothing but blocks is checked, whatever roles say.</p>
        </Alert>
      )}
      {place.role !== null && data !== undefined && (
        <Alert variant="warning">
          <TriangleAlertIcon aria-hidden />
          <p className="min-w-0 break-words">There is no role “{place.role}”. It may have been deleted.</p>
        </Alert>
      )}
      {data !== undefined && data.provisioned !== null && <ProvisionedNote noun="roles" place={data.provisioned} />}
      {error !== null && (
        <ErrorState
          title="The roles could not be read"
          error={error}
          busy={isFetching}
          onRetry={() => void refetch()}
        />
      )}
      {data === undefined && error === null && <TableSkeleton label="Loading roles" />}
      {data !== undefined &&
        (data.roles.length === 0 ? (
          <EmptyState icon={ShieldIcon} title="No roles" action={isWritable ? create : undefined}>
            A role is a set of permissions, channels and commands. Without one nobody may do anything.
          </EmptyState>
        ) : (
          <RoleTable
            roles={data.roles}
            inFile={data.provisioned !== null}
            onOpen={(role) => void go({ ...NOWHERE, role: role.name })}
          />
        ))}
    </div>
  );
}
