"use client";

import { useQuery } from "@tanstack/react-query";
import type { ComponentProps } from "react";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Select } from "#components/ui/select.tsx";

/** Roles that the viewer may give; the others are named too, but cannot be chosen. */
export function RoleSelect({ value, ...props }: Omit<ComponentProps<typeof Select>, "children">) {
  const trpc = useTRPC();
  const { data } = useQuery(trpc.members.roles.queryOptions());
  const names = data?.roles.map(({ name }) => name) ?? [];
  return (
    <Select value={value} {...props}>
      {(value === undefined || value === "") && <option value="">Choose a role</option>}
      {typeof value === "string" && value !== "" && !names.includes(value) && <option value={value}>{value}</option>}
      {data?.roles.map(({ name, isWithinReach }) => (
        <option key={name} value={name} disabled={!isWithinReach}>
          {isWithinReach ? name : `${name} (holds more than you)`}
        </option>
      ))}
    </Select>
  );
}
