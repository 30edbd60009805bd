import { InfoIcon } from "lucide-react";
import { cellOf } from "#components/roles/matrix.ts";
import { PERMISSION_MEANINGS } from "#components/shared/permission-meanings.ts";
import { Alert } from "#components/ui/alert.tsx";

/** What a link from a refusal points to: the permission, what it means and whether the role holds it. */
export function TargetPermission({
  permission,
  role,
  held,
}: {
  permission: string;
  role: string;
  held: readonly string[];
}) {
  const meaning = Object.entries(PERMISSION_MEANINGS).find(([name]) => name === permission)?.[1];
  const { checked, impliedBy } = cellOf(held, permission);
  const name = role === "" ? "This role" : `Role ${role}`;
  return (
    <Alert role="note">
      <InfoIcon aria-hidden />
      <div className="min-w-0">
        <p className="font-medium">
          <code className="font-mono">{permission}</code>
        </p>
        <p className="text-muted-foreground">
          {meaning ?? "This version knows no such permission."}{" "}
          {meaning !== undefined &&
            (checked
              ? `${name} holds it${impliedBy === null ? "" : `: it follows from ${impliedBy}`}.`
              : `${name} does not hold it. To allow it, tick the outlined box below and review the change.`)}
        </p>
      </div>
    </Alert>
  );
}
