import { Absent } from "#components/ui/absent.tsx";
import type { DataColumn } from "#components/ui/data-table.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import { Time } from "#components/ui/time.tsx";
import type { MemberSummary } from "#server/members/schema.ts";

const FACTORS: Readonly<Record<MemberSummary["secondFactors"][number], string>> = {
  totp: "App",
  passkey: "Passkey",
};

/** `App and Passkey`, or that there is none. */
export function factorsText(factors: MemberSummary["secondFactors"]): string {
  return factors.length === 0 ? "None" : factors.map((factor) => FACTORS[factor]).join(" and ");
}

export function MemberState({ state }: Pick<MemberSummary, "state">) {
  return state === "active" ? (
    <StatusBadge status="ok">Active</StatusBadge>
  ) : (
    <StatusBadge status="stopped">Disabled</StatusBadge>
  );
}

export function MemberRole({ role, roleExists }: Pick<MemberSummary, "role" | "roleExists">) {
  return roleExists ? (
    role
  ) : (
    <span className="inline-flex items-center gap-2">
      {role}
      <StatusBadge status="warning">No such role</StatusBadge>
    </span>
  );
}

export const MEMBER_COLUMNS: readonly DataColumn<MemberSummary>[] = [
  { key: "name", header: "Name", cell: ({ name }) => <span className="max-w-56 truncate font-medium">{name}</span> },
  {
    key: "email",
    header: "E-mail",
    from: "sm",
    cell: ({ email }) => <span className="inline-block max-w-64 truncate align-bottom">{email}</span>,
  },
  { key: "role", header: "Role", cell: (member) => <MemberRole {...member} /> },
  { key: "state", header: "State", cell: (member) => <MemberState {...member} /> },
  {
    key: "secondFactors",
    header: "Second factor",
    from: "lg",
    cell: ({ secondFactors }) => (
      <StatusBadge status={secondFactors.length === 0 ? "warning" : "ok"}>{factorsText(secondFactors)}</StatusBadge>
    ),
  },
  {
    key: "lastSignInAt",
    header: "Last sign-in",
    from: "lg",
    cell: ({ lastSignInAt }) => (lastSignInAt === null ? <Absent text="never" /> : <Time value={lastSignInAt} />),
  },
  { key: "sessions", header: "Sessions", from: "sm", align: "right", cell: ({ sessions }) => sessions },
];
