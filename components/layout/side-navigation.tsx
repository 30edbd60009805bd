"use client";

import Link from "next/link";
import { usePathname } from "next/navigation";
import { isWithinScreen, NAVIGATION } from "#components/layout/navigation.ts";
import { useCan } from "#components/trpc/use-viewer.ts";

interface SideNavigationProps {
  /** Icons only. */
  collapsed?: boolean;
  /** After a choice: closes the menu on small screens. */
  onNavigate?: () => void;
}

/** The screens the visitor may use, in groups. For inside a `nav`. */
export function SideNavigation({ collapsed = false, onNavigate }: SideNavigationProps) {
  const pathname = usePathname();
  const can = useCan();
  return (
    <div className="flex flex-col gap-4 px-2 py-3">
      {NAVIGATION.map(({ label, items }) => {
        const offered = items.filter(({ permission }) => can(permission));
        return offered.length === 0 ? null : (
          <div key={label ?? ""} className="flex flex-col gap-1">
            {label !== null && (
              <p className={collapsed ? "sr-only" : "px-2 text-xs font-medium text-muted-foreground"}>{label}</p>
            )}
            <ul aria-label={label ?? undefined} className="flex flex-col gap-0.5">
              {offered.map(({ path, label: name, icon: Icon }) => (
                <li key={path}>
                  <Link
                    href={path}
                    prefetch={false}
                    title={collapsed ? name : undefined}
                    aria-current={isWithinScreen(pathname, path) ? "page" : undefined}
                    onClick={onNavigate}
                    className="flex h-8 items-center gap-2.5 rounded-md px-2 text-muted-foreground -outline-offset-2 hover:bg-muted hover:text-foreground aria-[current=page]:bg-primary/10 aria-[current=page]:font-medium aria-[current=page]:text-primary forced-colors:aria-[current=page]:border"
                  >
                    <Icon aria-hidden className="size-4 shrink-0" />
                    <span className={collapsed ? "sr-only" : "truncate"}>{name}</span>
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </div>
  );
}
