"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { LifeBuoyIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { useState } from "react";
import { FactorRow } from "#components/account/factor-row.tsx";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import type { Viewer } from "#server/account/schema.ts";

const RecoveryCodesDialog = dynamic(
  async () => (await import("#components/auth/recovery-codes-dialog.tsx")).RecoveryCodesDialog,
);

/** From here on the number of codes left is a warning. */
const FEW = 3;

/** How many recovery codes are left, and new ones. */
export function RecoveryCodesRow({ viewer }: { viewer: Viewer }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const { totp, passkeys, recoveryCodesLeft: left } = viewer.factors;
  const hasFactor = totp || passkeys > 0;
  const regenerate = useMutation(
    trpc.account.regenerateRecoveryCodes.mutationOptions({
      gcTime: 0,
      onSuccess: ({ recoveryCodes }) => {
        setIsAsking(false);
        setCodes(recoveryCodes);
      },
    }),
  );

  async function finish() {
    setCodes(null);
    regenerate.reset();
    toast("Recovery codes replaced");
    await queryClient.invalidateQueries(trpc.account.pathFilter());
  }

  return (
    <FactorRow
      icon={LifeBuoyIcon}
      title="Recovery codes"
      state={hasFactor && <StatusBadge status={left <= FEW ? "warning" : "ok"}>{`${left} left`}</StatusBadge>}
      text={
        hasFactor
          ? "Each signs you in once when your second factor is lost. Make new ones before they run out."
          : "They come with your first second factor."
      }
      actions={
        <Button variant="outline" size="sm" disabled={!hasFactor} onClick={() => setIsAsking(true)}>
          Make new codes
        </Button>
      }
    >
      <ConfirmDialog
        open={isAsking}
        onOpenChange={(open) => {
          setIsAsking(open);
          regenerate.reset();
        }}
        title="Make new recovery codes?"
        consequence={
          left > 0 ? `The ${left} codes you have left stop working at once.` : "You get ten codes, shown once."
        }
        confirmLabel="Make new codes"
        harmless
        busy={regenerate.isPending}
        error={regenerate.error}
        onConfirm={() => regenerate.mutate()}
      />
      {codes !== null && (
        <RecoveryCodesDialog codes={codes} account={viewer.email ?? ""} onDone={() => void finish()} />
      )}
    </FactorRow>
  );
}
