import { NuqsAdapter } from "nuqs/adapters/next/app";
import type { ReactNode } from "react";
import { ConsoleShell } from "#components/layout/console-shell.tsx";
import { TrpcProvider } from "#components/trpc/provider.tsx";
import { Toaster } from "#components/ui/toaster.tsx";

/** The frame only. Each page checks the session itself: a layout is not run again when the page inside it changes. */
export default function ConsoleLayout({ children }: { children: ReactNode }) {
  return (
    <NuqsAdapter>
      <TrpcProvider>
        <ConsoleShell>{children}</ConsoleShell>
        <Toaster />
      </TrpcProvider>
    </NuqsAdapter>
  );
}
