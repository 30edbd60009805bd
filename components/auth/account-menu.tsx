"use client";

import { CircleUserRoundIcon, LogOutIcon, UserCogIcon } from "lucide-react";
import Link from "next/link";
import { useSignOut } from "#components/auth/use-sign-out.ts";
import { useViewer } from "#components/trpc/use-viewer.ts";
import { Button } from "#components/ui/button.tsx";
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuLabel,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from "#components/ui/dropdown-menu.tsx";

/** Who is signed in, the way to their account, and the way out. */
export function AccountMenu() {
  const viewer = useViewer();
  const { busy, refusal, leave } = useSignOut();
  const name = viewer?.name ?? "Account";
  return (
    <>
      <span role="alert" className={refusal === null ? "sr-only" : "text-destructive max-sm:sr-only"}>
        {refusal}
      </span>
      <DropdownMenu>
        <DropdownMenuTrigger>
          <Button variant="ghost" size="sm" className="max-w-48 px-2" aria-label={`Account menu of ${name}`}>
            <CircleUserRoundIcon aria-hidden />
            <span className="truncate max-sm:sr-only">{name}</span>
          </Button>
        </DropdownMenuTrigger>
        <DropdownMenuContent className="max-w-72">
          <DropdownMenuLabel>
            <span className="block truncate font-medium text-foreground">{name}</span>
            {viewer !== undefined && <span className="block truncate">{viewer.email}</span>}
            {viewer !== undefined && <span className="block truncate">Role: {viewer.role}</span>}
          </DropdownMenuLabel>
          <DropdownMenuSeparator />
          <DropdownMenuItem asChild>
            <Link href="/account">
              <UserCogIcon aria-hidden />
              Account
            </Link>
          </DropdownMenuItem>
          <DropdownMenuItem disabled={busy} onSelect={leave}>
            <LogOutIcon aria-hidden />
            Sign out
          </DropdownMenuItem>
        </DropdownMenuContent>
      </DropdownMenu>
    </>
  );
}
