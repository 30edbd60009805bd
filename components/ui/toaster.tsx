"use client";

import { CircleCheckIcon, OctagonXIcon, XIcon } from "lucide-react";
import { useSyncExternalStore } from "react";
import { dismissToast, toastStore, type ToastNotice } from "#components/shared/toast.ts";
import { Button } from "#components/ui/button.tsx";

/** Where `toast()` shows up. Once per page; the region is there before its content, so that screen readers announce it. Named live, it is not hidden behind dialogs. */
export function Toaster() {
  const notices = useSyncExternalStore(toastStore.subscribe, toastStore.read, toastStore.readOnServer);
  return (
    <div
      role="status"
      aria-live="polite"
      data-slot="toaster"
      className="pointer-events-none fixed inset-x-4 bottom-4 z-60 flex flex-col items-end gap-2 print:hidden"
    >
      {notices.map((notice) => (
        <Notice key={notice.id} notice={notice} />
      ))}
    </div>
  );
}

function Notice({ notice: { id, kind, text } }: { notice: ToastNotice }) {
  const Icon = kind === "done" ? CircleCheckIcon : OctagonXIcon;
  return (
    <div
      data-slot="toast"
      data-kind={kind}
      className="pointer-events-auto flex w-full max-w-sm animate-fade-in items-start gap-3 rounded-lg border bg-card py-2 pr-2 pl-4 data-[kind=failed]:border-destructive/50"
    >
      <Icon aria-hidden className={`mt-1.5 size-4 shrink-0 ${kind === "done" ? "text-success" : "text-destructive"}`} />
      <p className="min-w-0 grow py-1 break-words">{text}</p>
      <Button variant="ghost" size="icon" aria-label="Dismiss notice" onClick={() => dismissToast(id)}>
        <XIcon aria-hidden />
      </Button>
    </div>
  );
}
