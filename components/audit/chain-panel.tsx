"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CommandLine } from "#components/shared/command-line.tsx";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { DescriptionItem, DescriptionList } from "#components/ui/description-list.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import { Sheet, SheetBody, SheetContent, SheetDescription, SheetHeader, SheetTitle } from "#components/ui/sheet.tsx";
import { Time } from "#components/ui/time.tsx";
import type { ChainStatus } from "#server/audit/console/schema.ts";

/** What proves the record, and how to check it elsewhere. */
export function ChainPanel({ chain, onClose }: { chain: ChainStatus; onClose: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const { verification, checkpoint, anchor } = chain;
  const verify = useMutation(
    trpc.audit.verify.mutationOptions({
      onSuccess: () => queryClient.invalidateQueries({ queryKey: trpc.audit.chain.queryKey() }),
    }),
  );
  const running = verification?.state === "running";
  return (
    <Sheet open onOpenChange={(open) => !open && onClose()}>
      <SheetContent>
        <SheetHeader>
          <SheetTitle>Is this record genuine?</SheetTitle>
          <SheetDescription>
            Every event is hashed together with the one before it, and the head is signed every few seconds: what is
            changed, taken out or put in later shows.
          </SheetDescription>
        </SheetHeader>
        <SheetBody>
          <DescriptionList>
            <DescriptionItem name="Sealed">{chain.head.toLocaleString("en")} events</DescriptionItem>
            <DescriptionItem name="Waiting">{chain.waiting} batches</DescriptionItem>
            <DescriptionItem name="Signed">
              {checkpoint === null ? (
                "nothing yet"
              ) : (
                <>
                  {checkpoint.rows.toLocaleString("en")} events, <Time value={checkpoint.signedAt} />
                </>
              )}
            </DescriptionItem>
            {chain.removedUpTo > 0 && (
              <DescriptionItem name="Removed">
                rows up to {chain.removedUpTo}, with a signed note in their place
              </DescriptionItem>
            )}
            <DescriptionItem name="Outside witness">
              {anchor === null
                ? "none: set logging.audit.anchor"
                : anchor.failures > 0
                  ? `not reached (${anchor.failures} tries): ${anchor.lastError ?? ""}`
                  : `has ${anchor.rows.toLocaleString("en")} events`}
            </DescriptionItem>
            <DescriptionItem name="Head" mono>
              {chain.headHash ?? "none"}
            </DescriptionItem>
          </DescriptionList>
          <section aria-labelledby="audit-check" className="flex flex-col gap-2">
            <h3 id="audit-check" className="font-medium">
              Check it now
            </h3>
            <p role="status">
              {verification === null
                ? "It has not been checked from here since the gateway started."
                : running
                  ? `Row ${verification.row.toLocaleString("en")} of ${verification.of.toLocaleString("en")}`
                  : verification.message}
            </p>
            {verification?.endedAt !== null && verification !== null && (
              <p className="text-muted-foreground">
                Checked <Time value={verification.endedAt} />
              </p>
            )}
            {chain.verifiableHere ? (
              <Button
                variant="outline"
                className="w-fit"
                disabled={running || verify.isPending}
                onClick={() => verify.mutate()}
              >
                {running ? "Checking" : "Verify record"}
              </Button>
            ) : (
              <p>The record is too large to be checked beside the traffic: use the command below.</p>
            )}
            {verify.error !== null && <FormError text={verify.error.message} />}
          </section>
          <section aria-labelledby="audit-offline" className="flex flex-col gap-2">
            <h3 id="audit-offline" className="font-medium">
              Check it without trusting this page
            </h3>
            <p>On the gateway&apos;s machine, files included:</p>
            <CommandLine command="openclaw security verify-audit" />
            <p>Anywhere else, with an export in JSON and the public key from keys/audit-public-key.txt:</p>
            <CommandLine command="openclaw security verify-audit --file FILE --public-key audit-public-key.txt" />
            <p className="text-muted-foreground">
              Whoever owns the machine could turn everything here back at once. Only a checkpoint or a row count that
              you keep elsewhere tells.
            </p>
          </section>
        </SheetBody>
      </SheetContent>
    </Sheet>
  );
}
