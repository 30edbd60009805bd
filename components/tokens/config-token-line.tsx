import { FileCogIcon } from "lucide-react";

/** The token that is written in the configuration file: it works like the others, but is changed in the file. Its value is never shown. */
export function ConfigTokenLine({ role }: { role: string }) {
  return (
    <p className="flex flex-wrap items-center gap-x-3 gap-y-1 rounded-lg border bg-card px-4 py-2">
      <FileCogIcon aria-hidden className="size-4 shrink-0 text-muted-foreground" />
      <span className="font-mono text-xs">gateway.token</span>
      <span>Role {role}, never expires, written in the configuration file.</span>
      <span className="text-muted-foreground">
        Replace it with <code className="font-mono text-xs">openclaw gateway rotate-token</code>.
      </span>
    </p>
  );
}
