import type { ReactNode } from "react";
import { ConsoleShell } from "#components/layout/console-shell.tsx";
import { TrpcProvider } from "#components/trpc/provider.tsx";

/** The frame only. Each page checks the session itself: a layout is not run again when the page inside it changes. */
export default function ConsoleLayout({ children }: { children: ReactNode }) {
  return (
    <TrpcProvider>
      <ConsoleShell>{children}</ConsoleShell>
    </TrpcProvider>
  );
}
