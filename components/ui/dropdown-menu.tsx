"use client";

/**
 * A menu behind a button, by the ARIA pattern, on the browser's own popover: it lies above everything, closes by Esc and by a click elsewhere,
 * and gives the focus back. Written here because Radix' menu with its positioning weighs 28 KB on every page of the console.
 */
import { Slot } from "radix-ui";
import {
  createContext,
  use,
  useEffect,
  useId,
  useRef,
  useState,
  type ComponentProps,
  type KeyboardEvent,
  type ReactNode,
} from "react";
import { cn } from "#components/shared/cn.ts";

interface Menu {
  id: string;
  open: boolean;
  setOpen: (open: boolean) => void;
}

const MenuContext = createContext<Menu>({ id: "", open: false, setOpen: () => undefined });

export function DropdownMenu({ children }: { children: ReactNode }) {
  const id = useId();
  const [open, setOpen] = useState(false);
  return <MenuContext value={{ id, open, setOpen }}>{children}</MenuContext>;
}

/** Around one button. */
export function DropdownMenuTrigger({ children }: { children: ReactNode }) {
  const { id, open, setOpen } = use(MenuContext);
  const wasOpen = useRef(false);
  return (
    <Slot.Root
      id={`${id}-button`}
      aria-haspopup="menu"
      aria-expanded={open}
      aria-controls={open ? id : undefined}
      // The browser closes the menu on the press already, before the click that would open it again.
      onPointerDown={() => {
        wasOpen.current = open;
      }}
      onClick={() => {
        setOpen(!wasOpen.current);
        wasOpen.current = false;
      }}
      onKeyDown={(event: KeyboardEvent) => {
        if (event.key === "ArrowDown") {
          event.preventDefault();
          setOpen(true);
        }
      }}
    >
      {children}
    </Slot.Root>
  );
}

const GAP_PX = 4;
const EDGE_PX = 8;

export function DropdownMenuContent({ className, ...props }: ComponentProps<"div">) {
  const { open } = use(MenuContext);
  return open ? <OpenMenu className={className} {...props} /> : null;
}

const MOVES: Readonly<Record<string, (index: number, count: number) => number>> = {
  ArrowDown: (index, count) => (index + 1) % count,
  ArrowUp: (index, count) => (index - 1 + count) % count,
  Home: () => 0,
  End: (_index, count) => count - 1,
};

function OpenMenu({ className, ...props }: ComponentProps<"div">) {
  const { id, setOpen } = use(MenuContext);
  const content = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const menu = content.current;
    const button = document.getElementById(`${id}-button`);
    if (menu === null || button === null) {
      return;
    }
    menu.showPopover();
    place(menu, button.getBoundingClientRect());
    itemsOf(menu)[0]?.focus();
    const close = () => setOpen(false);
    window.addEventListener("resize", close);
    return () => window.removeEventListener("resize", close);
  }, [id, setOpen]);

  function onKeyDown(event: KeyboardEvent<HTMLDivElement>) {
    const items = itemsOf(event.currentTarget);
    const at = items.findIndex((item) => item === document.activeElement);
    const next = items[MOVES[event.key]?.(at, items.length) ?? -1];
    if (next !== undefined) {
      event.preventDefault();
      next.focus();
    } else if (event.key === "Tab") {
      event.currentTarget.hidePopover();
    }
  }

  return (
    <div
      ref={content}
      id={id}
      popover="auto"
      role="menu"
      aria-labelledby={`${id}-button`}
      data-slot="dropdown-menu-content"
      onToggle={(event) => event.newState === "closed" && setOpen(false)}
      onKeyDown={onKeyDown}
      className={cn("inset-auto m-0 min-w-44 rounded-md border bg-card p-1 text-card-foreground", className)}
      {...props}
    />
  );
}

/** Below the button and flush with its right edge; above it where there is no room. */
function place(menu: HTMLElement, button: DOMRect): void {
  const { offsetWidth, offsetHeight } = menu;
  const below = button.bottom + GAP_PX;
  const fits = below + offsetHeight + EDGE_PX <= window.innerHeight;
  menu.style.top = `${fits ? below : Math.max(EDGE_PX, button.top - GAP_PX - offsetHeight)}px`;
  menu.style.left = `${Math.max(EDGE_PX, button.right - offsetWidth)}px`;
}

const itemsOf = (menu: HTMLElement): HTMLElement[] => [
  ...menu.querySelectorAll<HTMLElement>("[role=menuitem]:not([aria-disabled=true])"),
];

interface DropdownMenuItemProps extends Omit<ComponentProps<"button">, "onSelect"> {
  variant?: "default" | "destructive";
  /** Takes its one child, a link, as the item. */
  asChild?: boolean;
  onSelect?: () => void;
}

export function DropdownMenuItem({
  className,
  variant = "default",
  asChild = false,
  disabled = false,
  onSelect,
  ...props
}: DropdownMenuItemProps) {
  const { id } = use(MenuContext);
  const Component = asChild ? Slot.Root : "button";
  return (
    <Component
      {...(asChild ? {} : { type: "button" as const })}
      role="menuitem"
      tabIndex={-1}
      aria-disabled={disabled || undefined}
      data-slot="dropdown-menu-item"
      className={cn(
        "flex min-h-8 w-full cursor-pointer items-center gap-2 rounded-sm px-2 text-left -outline-offset-2 hover:bg-muted focus:bg-muted aria-disabled:cursor-not-allowed aria-disabled:opacity-60 [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-muted-foreground",
        variant === "destructive" && "text-destructive [&_svg]:text-destructive",
        className,
      )}
      onClick={() => {
        if (!disabled) {
          document.getElementById(id)?.hidePopover();
          onSelect?.();
        }
      }}
      {...props}
    />
  );
}

export function DropdownMenuLabel({ className, ...props }: ComponentProps<"div">) {
  return (
    <div
      data-slot="dropdown-menu-label"
      className={cn("px-2 py-1.5 text-xs text-muted-foreground", className)}
      {...props}
    />
  );
}

export function DropdownMenuSeparator({ className, ...props }: ComponentProps<"div">) {
  return (
    <div
      role="separator"
      data-slot="dropdown-menu-separator"
      className={cn("-mx-1 my-1 h-px bg-border", className)}
      {...props}
    />
  );
}
