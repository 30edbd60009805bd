"use client";

import { useQueryClient } from "@tanstack/react-query";
import { SmartphoneIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { useState } from "react";
import { FactorRow } from "#components/account/factor-row.tsx";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { Modal } from "#components/ui/modal.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import type { Viewer } from "#server/account/schema.ts";

const EnrolApp = dynamic(async () => (await import("#components/auth/enrol-app.tsx")).EnrolApp);
const RemoveAppDialog = dynamic(
  async () => (await import("#components/account/remove-app-dialog.tsx")).RemoveAppDialog,
);
const RecoveryCodesDialog = dynamic(
  async () => (await import("#components/auth/recovery-codes-dialog.tsx")).RecoveryCodesDialog,
);

/** The authenticator app: set up, or removed. */
export function AppFactor({ viewer }: { viewer: Viewer }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [open, setOpen] = useState<"set-up" | "remove" | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const isSetUp = viewer.factors.totp;
  const isNeeded = viewer.mfaRequired && viewer.factors.passkeys === 0;
  const account = viewer.email ?? "";

  async function finish(notice: string) {
    setOpen(null);
    setCodes(null);
    toast(notice);
    await queryClient.invalidateQueries(trpc.account.pathFilter());
  }

  return (
    <FactorRow
      icon={SmartphoneIcon}
      title="Authenticator app"
      state={
        isSetUp ? <StatusBadge status="ok">Set up</StatusBadge> : <StatusBadge status="none">Not set up</StatusBadge>
      }
      text={
        isSetUp && isNeeded
          ? "A six-digit code from your app. It is your only factor: add a passkey before you remove it."
          : "A six-digit code from an app, new every 30 seconds."
      }
      actions={
        isSetUp ? (
          <Button variant="destructive-outline" size="sm" disabled={isNeeded} onClick={() => setOpen("remove")}>
            Remove app
          </Button>
        ) : (
          <Button variant="outline" size="sm" onClick={() => setOpen("set-up")}>
            Set up app
          </Button>
        )
      }
    >
      <Modal
        open={open === "set-up"}
        onOpenChange={(next) => setOpen(next ? "set-up" : null)}
        title="Set up an authenticator app"
        description="The code of the app is asked for each time you sign in."
      >
        <EnrolApp
          account={account}
          onCodes={(fresh) => {
            setOpen(null);
            setCodes(fresh);
          }}
          onBack={() => setOpen(null)}
        />
      </Modal>
      {codes !== null && (
        <RecoveryCodesDialog codes={codes} account={account} onDone={() => void finish("Authenticator app set up")} />
      )}
      {open === "remove" && (
        <RemoveAppDialog onClose={() => setOpen(null)} onRemoved={() => void finish("Authenticator app removed")} />
      )}
    </FactorRow>
  );
}
