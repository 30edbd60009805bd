"use client";

import { TriangleAlertIcon } from "lucide-react";
import { useState } from "react";
import { PointActions } from "#components/alerts/point-actions.tsx";
import { PointForm } from "#components/alerts/point-form.tsx";
import { PointState } from "#components/alerts/states.tsx";
import { ProvisionedNote } from "#components/policy/provisioned-note.tsx";
import { Absent } from "#components/ui/absent.tsx";
import { Alert } from "#components/ui/alert.tsx";
import { DescriptionItem, DescriptionList } from "#components/ui/description-list.tsx";
import { SecretOnceDialog } from "#components/ui/secret-once-dialog.tsx";
import { Sheet, SheetBody, SheetContent, SheetDescription, SheetHeader, SheetTitle } from "#components/ui/sheet.tsx";
import { Time } from "#components/ui/time.tsx";
import type { PointView } from "#server/alerts/console-schema.ts";

interface PointSheetProps {
  /** Null: a new one. */
  point: PointView | null;
  configFile: string;
  hasMailServer: boolean;
  mayWrite: boolean;
  onClose: () => void;
}

export function PointSheet({ point, configFile, hasMailServer, mayWrite, onClose }: PointSheetProps) {
  const [secret, setSecret] = useState<string | null>(null);
  return (
    <>
      <Sheet open={secret === null} onOpenChange={(open) => (open ? undefined : onClose())}>
        <SheetContent>
          <SheetHeader>
            <SheetTitle>{point?.name ?? "New contact point"}</SheetTitle>
            <SheetDescription>
              Secrets are encrypted and used by the server alone. An address inside your own network has to be opened in
              security.outbound.allowedPrivate.
            </SheetDescription>
          </SheetHeader>
          <SheetBody>
            {point !== null && <Facts point={point} />}
            {point?.source === "file" && (
              <ProvisionedNote
                noun="settings of this contact point"
                place={{ file: configFile, path: "security.monitoring.alerting" }}
              />
            )}
            {point !== null && mayWrite && <PointActions point={point} onSecret={setSecret} onRemoved={onClose} />}
            {mayWrite && point?.source !== "file" && (
              <PointForm point={point} hasMailServer={hasMailServer} onSecret={setSecret} onClose={onClose} />
            )}
          </SheetBody>
        </SheetContent>
      </Sheet>
      <SecretOnceDialog
        secret={secret}
        title="Signing secret"
        noun="secret"
        description="The receiver verifies notifications with it (Standard Webhooks). A former secret is still used beside it for a day."
        onDone={() => {
          setSecret(null);
          onClose();
        }}
      />
    </>
  );
}

const SECRET_NAMES: Readonly<Record<string, string>> = {
  url: "address",
  secret: "signing secret",
  routingKey: "routing key",
  password: "password",
};

function Facts({ point }: { point: PointView }) {
  const { type, format, host, recipients, smtp, problem, secrets, rotationEndsAt } = point;
  return (
    <>
      {problem !== null && (
        <Alert variant="destructive">
          <TriangleAlertIcon aria-hidden />
          <p className="min-w-0 break-words">{problem}</p>
        </Alert>
      )}
      <DescriptionList>
        <DescriptionItem name="State">
          <PointState {...point} />
        </DescriptionItem>
        <DescriptionItem name={type === "email" ? "Recipients" : "Address"} mono>
          {type === "email" ? recipients.join(", ") : (host ?? <Absent />)}
        </DescriptionItem>
        {type === "email" && (
          <DescriptionItem name="Mail server">
            {smtp === null ? "that of the configuration" : `${smtp.host}:${smtp.port}, ${smtp.secure}`}
          </DescriptionItem>
        )}
        {format !== null && <DescriptionItem name="Form">{format}</DescriptionItem>}
        <DescriptionItem name="Secrets that are set">
          {secrets.length === 0 ? "none" : secrets.map((name) => SECRET_NAMES[name] ?? name).join(", ")}
        </DescriptionItem>
        {rotationEndsAt !== null && (
          <DescriptionItem name="Former secret is used until">
            <Time value={rotationEndsAt} />
          </DescriptionItem>
        )}
      </DescriptionList>
    </>
  );
}
