"use client";

import { DESTINATIONS } from "#components/layout/navigation.ts";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Dialog, DialogContent, DialogDescription, DialogHeader, DialogTitle } from "#components/ui/dialog.tsx";
import { Kbd } from "#components/ui/kbd.tsx";
import { Switch } from "#components/ui/switch.tsx";

interface ShortcutsDialogProps {
  singleKeys: boolean;
  onSwitch: (on: boolean) => void;
  onClose: () => void;
}

const GENERAL: readonly { keys: readonly string[]; what: string }[] = [
  { keys: ["Ctrl", "K"], what: "Search or jump to…" },
  { keys: ["/"], what: "Go to the filter of the page" },
  { keys: ["?"], what: "Show these shortcuts" },
  { keys: ["Esc"], what: "Close the panel or dialog" },
];

export function ShortcutsDialog({ singleKeys, onSwitch, onClose }: ShortcutsDialogProps) {
  const can = useCan();
  const jumps = DESTINATIONS.filter(({ permission }) => can(permission));
  return (
    <Dialog open onOpenChange={onClose}>
      <DialogContent className="max-w-xl">
        <DialogHeader>
          <DialogTitle>Keyboard shortcuts</DialogTitle>
          <DialogDescription>They do nothing while you type.</DialogDescription>
        </DialogHeader>
        <Switch
          label="Single-key shortcuts"
          checked={singleKeys}
          onChange={(event) => onSwitch(event.target.checked)}
        />
        <div className="grid gap-x-8 gap-y-4 sm:grid-cols-2">
          <ShortcutList title="Everywhere" items={GENERAL} />
          <ShortcutList title="Go to" items={jumps.map(({ key, label }) => ({ keys: ["g", key], what: label }))} />
        </div>
      </DialogContent>
    </Dialog>
  );
}

function ShortcutList({ title, items }: { title: string; items: typeof GENERAL }) {
  return (
    <section className="flex flex-col gap-2">
      <h3 className="text-xs font-medium text-muted-foreground">{title}</h3>
      <dl className="flex flex-col gap-1.5">
        {items.map(({ keys, what }) => (
          <div key={what} className="flex items-center justify-between gap-4">
            <dt>{what}</dt>
            <dd className="flex gap-1">
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
