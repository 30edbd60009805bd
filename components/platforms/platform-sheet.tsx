"use client";

import { TriangleAlertIcon } from "lucide-react";
import { ConnectionActions } from "#components/platforms/connection-actions.tsx";
import { ConnectionForm } from "#components/platforms/connection-form.tsx";
import { ConnectionState } from "#components/platforms/connection-state.tsx";
import { PLATFORMS } from "#components/platforms/platform-fields.ts";
import { ProvisionedNote } from "#components/policy/provisioned-note.tsx";
import { Alert } from "#components/ui/alert.tsx";
import { CopyButton } from "#components/ui/copy-button.tsx";
import { DescriptionItem, DescriptionList } from "#components/ui/description-list.tsx";
import { Sheet, SheetBody, SheetContent, SheetDescription, SheetHeader, SheetTitle } from "#components/ui/sheet.tsx";
import type { ConnectionRow } from "#server/channels/console-schema.ts";

interface PlatformSheetProps {
  /** Null: a new one. */
  connection: ConnectionRow | null;
  taken: readonly string[];
  configFile: string;
  mayWrite: boolean;
  onClose: () => void;
}

export function PlatformSheet({ connection, taken, configFile, mayWrite, onClose }: PlatformSheetProps) {
  const isEditable = mayWrite && connection?.source !== "file";
  return (
    <Sheet open onOpenChange={(open) => (open ? undefined : onClose())}>
      <SheetContent>
        <SheetHeader>
          <SheetTitle>{connection === null ? "Connect platform" : `Connection ${connection.channel}`}</SheetTitle>
          <SheetDescription>
            Secrets are encrypted, used by the server alone, and never shown again. A missing one keeps the channel
            shut.
          </SheetDescription>
        </SheetHeader>
        <SheetBody>
          {connection !== null && <Facts connection={connection} />}
          {connection?.source === "file" && (
            <ProvisionedNote
              noun="settings of this connection"
              place={{ file: configFile, path: `channels.${connection.channel}.connection` }}
            />
          )}
          {connection !== null && mayWrite && <ConnectionActions connection={connection} onRemoved={onClose} />}
          {isEditable && <ConnectionForm connection={connection} taken={taken} onClose={onClose} />}
        </SheetBody>
      </SheetContent>
    </Sheet>
  );
}

function Facts({ connection }: { connection: ConnectionRow }) {
  const { type, state, problem, hookPath, secrets } = connection;
  return (
    <>
      {problem !== null && (
        <Alert variant="destructive">
          <TriangleAlertIcon aria-hidden />
          <p className="min-w-0 break-words">{problem}</p>
        </Alert>
      )}
      <DescriptionList>
        <DescriptionItem name="Platform">{PLATFORMS[type].label}</DescriptionItem>
        <DescriptionItem name="State">
          <ConnectionState state={state} />
        </DescriptionItem>
        <DescriptionItem name="Delivers to">
          <span className="inline-flex flex-wrap items-center gap-2">
            <code className="font-mono text-xs">{hookPath}</code>
            <CopyButton value={hookPath} label="Copy path" />
          </span>
          <p className="text-muted-foreground">On the address under which the platform reaches this gateway.</p>
        </DescriptionItem>
        <DescriptionItem name="Secrets that are set">
          {secrets.length === 0
            ? "none"
            : PLATFORMS[type].secrets
                .filter(({ name }) => secrets.includes(name))
                .map(({ label }) => label)
                .join(", ")}
        </DescriptionItem>
      </DescriptionList>
    </>
  );
}
