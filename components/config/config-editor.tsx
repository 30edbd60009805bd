"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState } from "react";
import { CheckResult } from "#components/config/check-result.tsx";
import { CodeEditor, type CodeEditorHandle } from "#components/config/code-editor.tsx";
import { EditorNotice } from "#components/config/editor-notice.tsx";
import { download } from "#components/shared/download.ts";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Button } from "#components/ui/button.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { lineOfPath } from "#server/configuration/policy.ts";
import type { ConfigDocument } from "#server/configuration/schema.ts";

interface Draft {
  text: string;
  /** Of the file it was begun on. */
  base: string | null;
}

interface ConfigEditorProps {
  document: ConfigDocument;
  /** Setting to go to. */
  path: string | null;
}

/** Edit, check, compare, apply. Nothing is applied that was not checked as it stands. */
export function ConfigEditor({ document, path }: ConfigEditorProps) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const mayWrite = useCan()("config:write");
  const hintId = useId();
  const editor = useRef<CodeEditorHandle>(null);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [confirming, setConfirming] = useState(false);
  const text = draft?.text ?? document.text;
  const edited = { text, base: draft?.base ?? document.base };

  const check = useMutation(trpc.configuration.check.mutationOptions());
  const apply = useMutation(
    trpc.configuration.applyEdit.mutationOptions({
      onSuccess: async () => {
        setConfirming(false);
        toast("Configuration applied");
        await queryClient.invalidateQueries(trpc.configuration.pathFilter());
        setDraft(null);
        check.reset();
      },
    }),
  );
  const isChecked = check.data !== undefined && check.variables.text === text && check.variables.base === edited.base;
  const result = isChecked ? check.data : undefined;
  const hasErrors = result?.problems.some(({ severity }) => severity === "error") === true;
  const isStale = draft !== null && draft.base !== document.base && !apply.isPending;
  const discard = () => {
    setDraft(null);
    check.reset();
    apply.reset();
  };

  const wanted = path === null ? undefined : lineOfPath(document.places, path);
  useEffect(() => {
    if (wanted !== undefined) {
      editor.current?.goTo(wanted);
    }
  }, [wanted, path]);

  return (
    <div className="flex min-w-0 flex-col gap-4">
      <div className="flex flex-wrap items-center gap-2">
        {mayWrite && (
          <>
            <Button variant="outline" disabled={draft === null || check.isPending} onClick={() => check.mutate(edited)}>
              {check.isPending ? "Checking…" : "Check changes"}
            </Button>
            <Button
              disabled={result === undefined || hasErrors || isStale || result.diff.hunks.length === 0}
              onClick={() => setConfirming(true)}
            >
              Apply changes
            </Button>
            <Button variant="ghost" disabled={draft === null} onClick={discard}>
              Discard changes
            </Button>
          </>
        )}
        <Button
          variant="ghost"
          className="ml-auto"
          onClick={() => download("openclaw.masked.json5", text, "application/json5")}
        >
          Download masked file
        </Button>
      </div>
      <EditorNotice stale={isStale} error={check.error ?? null} onReload={discard} />
      <CodeEditor
        ref={editor}
        label="Configuration file"
        describedBy={hintId}
        value={text}
        readOnly={!mayWrite}
        marks={marksOf(result?.problems ?? (draft === null && document.source === "file" ? document.problems : []))}
        onChange={(next) => setDraft({ text: next, base: draft?.base ?? document.base })}
        onSave={() => (draft === null || !mayWrite ? undefined : check.mutate(edited))}
      />
      <p id={hintId} className="text-muted-foreground">
        {mayWrite
          ? "Check first (Ctrl+S), then apply. ******** stands for a secret that is kept: leave it, or write a new value over it."
          : "Your role may read the configuration, not change it. ******** stands for a secret."}
      </p>
      <div role="status" className="min-w-0">
        {result !== undefined && <CheckResult check={result} onGoTo={(line) => editor.current?.goTo(line)} />}
      </div>
      <ConfirmDialog
        open={confirming}
        onOpenChange={(open) => {
          setConfirming(open);
          apply.reset();
        }}
        title="Apply this configuration?"
        consequence={<Consequence paths={result?.changes ?? []} file={document.file} />}
        confirmLabel="Apply changes"
        harmless
        busy={apply.isPending}
        error={apply.error ?? null}
        onConfirm={() => apply.mutate(edited)}
      />
    </div>
  );
}

function Consequence({ paths, file }: { paths: readonly { path: string; restart: boolean }[]; file: string }) {
  const restart = paths.filter((change) => change.restart).map(({ path }) => path);
  return (
    <>
      {file} is replaced, and {paths.length === 1 ? "1 setting changes" : `${paths.length} settings change`} within a
      second. The version before is kept in the history.
      {restart.length > 0 && ` Taken up by the next start only: ${restart.join(", ")}.`}
    </>
  );
}

function marksOf(
  problems: readonly { line: number; severity: "error" | "warning" }[],
): ReadonlyMap<number, "error" | "warning"> {
  const marks = new Map<number, "error" | "warning">();
  for (const { line, severity } of problems) {
    marks.set(line, marks.get(line) === "error" ? "error" : severity);
  }
  return marks;
}
