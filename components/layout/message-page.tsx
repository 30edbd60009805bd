import { ShieldIcon } from "lucide-react";
import type { ReactNode } from "react";

/** A page that says one thing: sign-in, not found, failure. */
export function MessagePage({ title, text, children }: { title: string; text: ReactNode; children?: ReactNode }) {
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col justify-center gap-4 px-4 py-12">
      <p className="flex items-center gap-2 text-muted-foreground">
        <ShieldIcon aria-hidden className="size-4 text-primary" />
        OpenClaw Gateway
      </p>
      <h1 className="text-xl font-semibold">{title}</h1>
      {text !== null && <div className="text-muted-foreground">{text}</div>}
      <div>{children}</div>
    </main>
  );
}
