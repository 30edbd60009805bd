"use client";

import { DownloadIcon, PrinterIcon } from "lucide-react";
import { useState } from "react";
import { printText } from "#components/auth/print-text.ts";
import { download } from "#components/shared/download.ts";
import { Button } from "#components/ui/button.tsx";
import { CheckboxField } from "#components/ui/checkbox.tsx";
import { CopyButton } from "#components/ui/copy-button.tsx";

interface RecoveryCodesProps {
  codes: readonly string[];
  /** Whose codes they are, for the file and the printed page. */
  account: string;
  doneLabel: string;
  onDone: () => void;
}

/** Codes that are shown this once. They cannot be left before it is said that they were kept. */
export function RecoveryCodes({ codes, account, doneLabel, onDone }: RecoveryCodesProps) {
  const [isSaved, setIsSaved] = useState(false);

  return (
    <div className="flex flex-col gap-4">
      <p>
        Without your second factor, each of these codes signs you in <strong>once</strong>. They are{" "}
        <strong>not shown again</strong>: keep them in a password manager or on paper, apart from the device.
      </p>
      <ol
        aria-label="Recovery codes"
        className="flex flex-col rounded-md border bg-muted p-4 font-mono text-xs leading-6"
      >
        {codes.map((code) => (
          <li key={code} className="break-all">
            {code}
          </li>
        ))}
      </ol>
      <div className="flex flex-wrap items-center gap-2">
        <CopyButton value={codes.join("\n")} label="Copy codes" size="sm" />
        <Button
          variant="outline"
          size="sm"
          onClick={() => download("openclaw-recovery-codes.txt", sheetOf(codes, account))}
        >
          <DownloadIcon aria-hidden />
          Download .txt
        </Button>
        <Button variant="outline" size="sm" onClick={() => printText(sheetOf(codes, account))}>
          <PrinterIcon aria-hidden />
          Print
        </Button>
      </div>
      <CheckboxField
        label="I saved these codes"
        checked={isSaved}
        onChange={(event) => setIsSaved(event.target.checked)}
      />
      <Button disabled={!isSaved} onClick={onDone} className="self-start">
        {doneLabel}
      </Button>
    </div>
  );
}

function sheetOf(codes: readonly string[], account: string): string {
  return [
    "OpenClaw Gateway: recovery codes",
    `Account: ${account}`,
    `Console: ${window.location.origin}`,
    "Each code signs you in once, in place of your second factor.",
    "",
    ...codes,
    "",
  ].join("\n");
}
