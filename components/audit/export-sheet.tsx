"use client";

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { Asked } from "#components/audit/quick-filters.tsx";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { CommandLine } from "#components/shared/command-line.tsx";
import { Field } from "#components/ui/field.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import { Select } from "#components/ui/select.tsx";
import {
  Sheet,
  SheetBody,
  SheetContent,
  SheetDescription,
  SheetFooter,
  SheetHeader,
  SheetTitle,
} from "#components/ui/sheet.tsx";

const FORMATS = {
  json: "JSON, can be verified offline",
  csv: "CSV, for spreadsheets",
  cef: "CEF, for a SIEM",
  ocsf: "OCSF, for a SIEM or a data lake",
} as const;
type Format = keyof typeof FORMATS;

interface ExportSheetProps {
  question: Asked;
  onClose: () => void;
}

/** Takes what is being searched for out of the gateway; the export itself is on record. */
export function ExportSheet({ question, onClose }: ExportSheetProps) {
  const trpc = useTRPC();
  const [format, setFormat] = useState<Format>("json");
  const order = useMutation(
    trpc.audit.orderExport.mutationOptions({
      onSuccess: ({ href, fileName, proven }) => {
        const link = document.createElement("a");
        link.href = href;
        link.download = fileName;
        link.click();
        toast(proven ? "Export started" : "Export started; its newest rows are not under a signed checkpoint yet");
        onClose();
      },
    }),
  );
  const { q, from, to } = question;
  return (
    <Sheet open onOpenChange={(open) => !open && onClose()}>
      <SheetContent>
        <SheetHeader>
          <SheetTitle>Export this search</SheetTitle>
          <SheetDescription>
            You get every event that the search finds, oldest first. That you took them goes on record.
          </SheetDescription>
        </SheetHeader>
        <SheetBody>
          <p className="font-mono text-xs break-words">
            {[q, from === undefined ? "" : `from ${from}`, to === undefined ? "" : `to ${to}`]
              .filter(Boolean)
              .join(" ") || "The whole record"}
          </p>
          <Field label="Format">
            <Select
              value={format}
              onChange={(event) => {
                const chosen = (Object.keys(FORMATS) as Format[]).find((name) => name === event.target.value);
                setFormat(chosen ?? "json");
              }}
            >
              {Object.entries(FORMATS).map(([name, text]) => (
                <option key={name} value={name}>
                  {text}
                </option>
              ))}
            </Select>
          </Field>
          {format === "json" && (
            <div className="flex flex-col gap-1">
              <p className="text-muted-foreground">Anybody with the public key can check the file, on any machine:</p>
              <CommandLine command="openclaw security verify-audit --file FILE --public-key audit-public-key.txt" />
            </div>
          )}
          {order.error !== null && <FormError text={order.error.message} />}
        </SheetBody>
        <SheetFooter>
          <Button variant="outline" onClick={onClose}>
            Cancel
          </Button>
          <Button disabled={order.isPending} onClick={() => order.mutate({ ...question, format })}>
            {order.isPending ? "Waiting for the signature" : "Download export"}
          </Button>
        </SheetFooter>
      </SheetContent>
    </Sheet>
  );
}
