"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { NotificationState } from "#components/alerts/states.tsx";
import { errorText } from "#components/shared/error-text.ts";
import { plainText } from "#components/shared/plain-text.ts";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import type { PointView } from "#server/alerts/console-schema.ts";

interface PointActionsProps {
  point: PointView;
  onSecret: (secret: string) => void;
  onRemoved: () => void;
}

const LOOK_MS = 1_000;

/** Proves that a contact point works, changes its secret, switches it off. */
export function PointActions({ point, onSecret, onRemoved }: PointActionsProps) {
  const { id, name, type, source, enabled, canShowSecret } = point;
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [asks, setAsks] = useState<"rotate" | "remove" | null>(null);
  const refresh = () => queryClient.invalidateQueries(trpc.alertPoints.pathFilter());
  const test = useMutation(trpc.alertPoints.test.mutationOptions());
  const turn = useMutation(trpc.alertPoints.switch.mutationOptions({ onSuccess: refresh }));
  const secretOptions = {
    gcTime: 0,
    onSuccess: ({ secret }: { secret: string }) => {
      setAsks(null);
      onSecret(secret);
    },
  };
  const show = useMutation(trpc.alertPoints.showSecret.mutationOptions(secretOptions));
  const rotate = useMutation(trpc.alertPoints.rotateSecret.mutationOptions(secretOptions));
  const remove = useMutation(
    trpc.alertPoints.remove.mutationOptions({
      onSuccess: async () => {
        onRemoved();
        toast(`Contact point ${name} removed`);
        await refresh();
      },
    }),
  );
  const failed = test.error ?? turn.error ?? show.error;
  return (
    <section aria-label="Try and change" className="flex flex-col gap-3 border-t pt-4">
      <FormError text={failed === null ? null : errorText(failed)} />
      <div className="flex flex-wrap gap-2">
        <Button variant="outline" size="sm" disabled={test.isPending} onClick={() => test.mutate({ id })}>
          {test.isPending ? "Queueing the test" : "Send test"}
        </Button>
        {canShowSecret && (
          <Button variant="outline" size="sm" disabled={show.isPending} onClick={() => show.mutate({ id })}>
            Show secret once
          </Button>
        )}
        {type === "webhook" && (
          <Button variant="outline" size="sm" onClick={() => setAsks("rotate")}>
            Rotate secret
          </Button>
        )}
        <Button
          variant="outline"
          size="sm"
          disabled={turn.isPending}
          onClick={() => turn.mutate({ id, enabled: !enabled })}
        >
          {enabled ? "Switch off" : "Switch on"}
        </Button>
        {source === "database" && (
          <Button variant="destructive-outline" size="sm" className="ml-auto" onClick={() => setAsks("remove")}>
            Remove
          </Button>
        )}
      </div>
      {test.data !== undefined && <TestOutcome id={test.data.id} />}
      <ConfirmDialog
        open={asks === "rotate"}
        onOpenChange={(open) => (open ? undefined : setAsks(null))}
        title={`Rotate the secret of "${name}"?`}
        consequence="Notifications carry the signatures of the old and the new secret for a day; then the old one is used no more."
        confirmLabel="Rotate secret"
        busy={rotate.isPending}
        error={rotate.error}
        onConfirm={() => rotate.mutate({ id })}
      />
      <ConfirmDialog
        open={asks === "remove"}
        onOpenChange={(open) => (open ? undefined : setAsks(null))}
        title={`Remove the contact point "${name}"?`}
        consequence="Nobody is told there any more. Notifications that wait for it fail, and its secrets are deleted."
        confirmLabel="Remove contact point"
        typeName={name}
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate({ id })}
      />
    </section>
  );
}

/** What became of a test, until it is known. */
function TestOutcome({ id }: { id: string }) {
  const trpc = useTRPC();
  const { data } = useQuery(
    trpc.alerts.delivery.queryOptions(
      { id },
      {
        refetchInterval: ({ state }) => (state.data === undefined || state.data.state === "waiting" ? LOOK_MS : false),
      },
    ),
  );
  const last = data?.tries.at(-1);
  return (
    <div role="status" className="flex flex-wrap items-center gap-2">
      {data === undefined ? "The test is queued." : <NotificationState {...data} />}
      {last !== undefined && (
        <span className="min-w-0 break-words text-muted-foreground">
          {`${last.status ?? "no answer"} ${plainText(last.response)}`}
        </span>
      )}
    </div>
  );
}
