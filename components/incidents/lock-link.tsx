"use client";

import { LockIcon } from "lucide-react";
import Link from "next/link";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Button } from "#components/ui/button.tsx";

interface LockLinkProps {
  kind: "user" | "role" | "token" | "channel" | "member";
  target: string;
}

/** From the screen of something to the lock on it, for who may set one. */
export function LockLink({ kind, target }: LockLinkProps) {
  const can = useCan();
  if (!can("incidents:manage")) {
    return null;
  }
  return (
    <Button asChild variant="destructive-outline" size="sm">
      <Link href={`/incidents?lock=${encodeURIComponent(`${kind}:${target}`)}`}>
        <LockIcon aria-hidden />
        Lock {kind}
      </Link>
    </Button>
  );
}
