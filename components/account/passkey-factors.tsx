"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRoundIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { useState } from "react";
import { FactorRow } from "#components/account/factor-row.tsx";
import { usePasskeysWork } from "#components/auth/use-passkeys-work.ts";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Modal } from "#components/ui/modal.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { Time } from "#components/ui/time.tsx";
import type { Passkey, Viewer } from "#server/account/schema.ts";

const EnrolPasskey = dynamic(async () => (await import("#components/auth/enrol-passkey.tsx")).EnrolPasskey);
const RenamePasskeyDialog = dynamic(
  async () => (await import("#components/account/rename-passkey-dialog.tsx")).RenamePasskeyDialog,
);
const RecoveryCodesDialog = dynamic(
  async () => (await import("#components/auth/recovery-codes-dialog.tsx")).RecoveryCodesDialog,
);

const NOT_HERE = "They cannot be made here: open the console under a host name (HTTPS or localhost).";

/** The caller's passkeys: add, rename, remove. */
export function PasskeyFactors({ viewer }: { viewer: Viewer }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const list = useQuery(trpc.account.passkeys.queryOptions());
  const [isAdding, setIsAdding] = useState(false);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const [renaming, setRenaming] = useState<Passkey | null>(null);
  const [removing, setRemoving] = useState<Passkey | null>(null);
  const knownHere = usePasskeysWork();
  const canAdd = knownHere && list.data?.unavailable === null;
  const isLastFactor = viewer.mfaRequired && !viewer.factors.totp && viewer.factors.passkeys === 1;

  async function finish(notice: string) {
    setIsAdding(false);
    setCodes(null);
    setRenaming(null);
    setRemoving(null);
    toast(notice);
    await queryClient.invalidateQueries(trpc.account.pathFilter());
  }

  function added(made: readonly string[]) {
    if (made.length === 0) {
      void finish("Passkey added");
    } else {
      setIsAdding(false);
      setCodes(made);
    }
  }

  const remove = useMutation(
    trpc.account.removePasskey.mutationOptions({ onSuccess: () => finish("Passkey removed") }),
  );

  const columns: readonly DataColumn<Passkey>[] = [
    { key: "name", header: "Passkey", cell: ({ name }) => <span className="max-w-48 truncate">{name}</span> },
    { key: "createdAt", header: "Added", from: "sm", cell: ({ createdAt }) => <Time value={createdAt} /> },
    {
      key: "lastUsedAt",
      header: "Last used",
      cell: ({ lastUsedAt }) => (lastUsedAt === null ? "never" : <Time value={lastUsedAt} />),
    },
    {
      key: "actions",
      header: "Actions",
      hiddenHeader: true,
      align: "right",
      cell: (passkey) => (
        <span className="inline-flex gap-1">
          <Button variant="ghost" size="sm" aria-label={`Rename ${passkey.name}`} onClick={() => setRenaming(passkey)}>
            Rename
          </Button>
          <Button
            variant="ghost"
            size="sm"
            aria-label={`Remove ${passkey.name}`}
            disabled={isLastFactor}
            title={isLastFactor ? "Your only second factor: add another before you remove it" : undefined}
            onClick={() => setRemoving(passkey)}
          >
            Remove
          </Button>
        </span>
      ),
    },
  ];

  return (
    <FactorRow
      icon={KeyRoundIcon}
      title="Passkeys"
      state={
        viewer.factors.passkeys > 0 ? (
          <StatusBadge status="ok">{`${viewer.factors.passkeys} set up`}</StatusBadge>
        ) : (
          <StatusBadge status="none">None</StatusBadge>
        )
      }
      text={
        <>
          Fingerprint, face, PIN or a security key. They cannot be phished and sign you in without a password.
          {!canAdd && list.data !== undefined && <> {list.data.unavailable ?? NOT_HERE}</>}
          {isLastFactor && <> This one is your only factor: add another before you remove it.</>}
        </>
      }
      actions={
        <Button variant="outline" size="sm" disabled={!canAdd} onClick={() => setIsAdding(true)}>
          Add passkey
        </Button>
      }
    >
      {list.data !== undefined && list.data.passkeys.length > 0 && (
        <DataTable label="Passkeys" columns={columns} rows={list.data.passkeys} rowKey={({ id }) => id} />
      )}
      {list.isPending && viewer.factors.passkeys > 0 && <TableSkeleton label="Loading passkeys" rows={2} />}
      {list.error !== null && (
        <ErrorState
          title="The passkeys could not be read"
          error={list.error}
          busy={list.isFetching}
          onRetry={() => void list.refetch()}
        />
      )}
      <Modal
        open={isAdding}
        onOpenChange={setIsAdding}
        title="Add a passkey"
        description="Your browser then asks where to keep it."
      >
        <EnrolPasskey onDone={added} onBack={() => setIsAdding(false)} />
      </Modal>
      {codes !== null && (
        <RecoveryCodesDialog codes={codes} account={viewer.email ?? ""} onDone={() => void finish("Passkey added")} />
      )}
      {renaming !== null && (
        <RenamePasskeyDialog
          passkey={renaming}
          onClose={() => setRenaming(null)}
          onRenamed={() => void finish("Passkey renamed")}
        />
      )}
      <ConfirmDialog
        open={removing !== null}
        onOpenChange={(open) => {
          if (!open) {
            setRemoving(null);
            remove.reset();
          }
        }}
        title={`Remove passkey “${removing?.name ?? ""}”?`}
        consequence="It signs you in no more, here or anywhere, and your other sessions end. Delete it in your password manager or device too."
        confirmLabel="Remove passkey"
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => (removing === null ? undefined : remove.mutate({ id: removing.id }))}
      />
    </FactorRow>
  );
}
