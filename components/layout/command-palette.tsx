"use client";

import { Command } from "cmdk";
import { ArrowRightIcon, CornerDownLeftIcon, KeyboardIcon, PlusIcon } from "lucide-react";
import { useRouter } from "next/navigation";
import { useState, type ReactNode } from "react";
import { jumpTargets } from "#components/layout/jump-targets.ts";
import { ACTIONS, DESTINATIONS } from "#components/layout/navigation.ts";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Dialog, DialogContent, DialogTitle } from "#components/ui/dialog.tsx";
import { Kbd } from "#components/ui/kbd.tsx";

/** Search over screens and actions, and jumps by id or name. Loaded when it is first opened. */
export function CommandPalette({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const [text, setText] = useState("");
  const router = useRouter();
  const can = useCan();
  const jumps = jumpTargets(text).filter(({ permission }) => can(permission));

  function go(path: string) {
    onClose();
    router.push(path);
  }

  return (
    <Dialog open onOpenChange={onClose}>
      <DialogContent withoutClose aria-describedby={undefined} className="top-24 max-w-xl translate-y-0 gap-0 p-0">
        <DialogTitle className="sr-only">Search</DialogTitle>
        <Command label="Search screens, actions and ids" loop>
          <Command.Input
            value={text}
            onValueChange={setText}
            placeholder="Screen, action, run or token id, user…"
            className="h-12 w-full border-b bg-transparent px-4 outline-none placeholder:text-muted-foreground"
          />
          <Command.List className="max-h-[min(24rem,60dvh)] overflow-y-auto p-2">
            <Command.Empty className="px-2 py-6 text-center text-muted-foreground">
              Nothing found. Try the name of a screen, or paste an id.
            </Command.Empty>
            <Group heading="Screens">
              {DESTINATIONS.filter(({ permission }) => can(permission)).map(({ path, label, icon: Icon, key }) => (
                <Item key={path} value={label} onSelect={() => go(path)}>
                  <Icon aria-hidden />
                  {label}
                  <span className="ml-auto flex gap-1" aria-hidden>
                    <Kbd>g</Kbd>
                    <Kbd>{key}</Kbd>
                  </span>
                </Item>
              ))}
            </Group>
            <Group heading="Actions">
              {ACTIONS.filter(({ permission }) => can(permission)).map(({ path, label }) => (
                <Item key={path} value={label} onSelect={() => go(path)}>
                  <PlusIcon aria-hidden />
                  {label}
                </Item>
              ))}
              <Item value="Keyboard shortcuts" onSelect={onHelp}>
                <KeyboardIcon aria-hidden />
                Keyboard shortcuts
              </Item>
            </Group>
            {jumps.length > 0 && (
              <Command.Group heading="Jump" forceMount className={GROUP}>
                {jumps.map(({ label, path }) => (
                  <Item key={path} value={label} always onSelect={() => go(path)}>
                    <ArrowRightIcon aria-hidden />
                    <span className="truncate">{label}</span>
                  </Item>
                ))}
              </Command.Group>
            )}
          </Command.List>
          <p className="flex items-center gap-1.5 border-t px-4 py-2 text-xs text-muted-foreground">
            <CornerDownLeftIcon aria-hidden className="size-3" /> opens, <Kbd>Esc</Kbd> closes
          </p>
        </Command>
      </DialogContent>
    </Dialog>
  );
}

const GROUP =
  "[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:py-1.5 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-muted-foreground";

function Group({ heading, children }: { heading: string; children: ReactNode }) {
  return (
    <Command.Group heading={heading} className={GROUP}>
      {children}
    </Command.Group>
  );
}

interface ItemProps {
  value: string;
  /** Shown whatever is typed. */
  always?: boolean;
  onSelect: () => void;
  children: ReactNode;
}

function Item({ value, always = false, onSelect, children }: ItemProps) {
  return (
    <Command.Item
      value={value}
      forceMount={always}
      onSelect={onSelect}
      className="flex min-h-9 cursor-pointer items-center gap-2.5 rounded-md px-2 data-[selected=true]:bg-muted forced-colors:data-[selected=true]:outline-2 [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-muted-foreground"
    >
      {children}
    </Command.Item>
  );
}
