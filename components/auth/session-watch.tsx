"use client";

import { useQuery } from "@tanstack/react-query";
import { HourglassIcon } from "lucide-react";
import { useEffect, useSyncExternalStore } from "react";
import { sessionEnd } from "#components/auth/session-end.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Alert } from "#components/ui/alert.tsx";
import { Button } from "#components/ui/button.tsx";

/** Asks this often, so that somebody who only types keeps the session alive. */
const REFRESH_MS = 60_000;
const TICK_MS = 1_000;

const clock = {
  subscribe: (listener: () => void): (() => void) => {
    const timer = setInterval(listener, TICK_MS);
    return () => clearInterval(timer);
  },
  // The same value within a tick, so that React does not render for ever.
  read: () => Math.floor(Date.now() / TICK_MS) * TICK_MS,
  readOnServer: () => 0,
};

/** Warns before the session ends, and keeps what was typed: nothing on the page changes. Put it once in the frame of the console. */
export function SessionWatch() {
  const trpc = useTRPC();
  const { data, dataUpdatedAt, refetch, isFetching } = useQuery(
    trpc.account.viewer.queryOptions(undefined, { refetchInterval: REFRESH_MS }),
  );
  const now = useSyncExternalStore(clock.subscribe, clock.read, clock.readOnServer);
  const end = data === undefined || now === 0 ? null : sessionEnd(data, now + data.at.getTime() - dataUpdatedAt);
  const isNear = end !== null;
  const isOver = end !== null && end.leftMs <= 0;

  useEffect(() => {
    // Another tab may have kept the session alive meanwhile; at the end the answer is "signed out", which leads to the sign-in page.
    if (isNear || isOver) {
      void refetch();
    }
  }, [isNear, isOver, refetch]);

  if (end === null) {
    return null;
  }
  return (
    <Alert variant="warning" role="alert" className="flex-wrap items-center">
      <HourglassIcon aria-hidden />
      <p className="min-w-0 flex-1 basis-48">
        {end.why === "idle"
          ? "Nobody used this page for a while: you are signed out"
          : "Your session is at its end: you are signed out"}
        <span className="sr-only"> in less than two minutes. </span>
        <span aria-hidden> in {formatLeft(end.leftMs)}. </span>
        {end.why === "absolute" && "Sign in again in a second tab to go on here without losing what you typed."}
      </p>
      {end.why === "idle" ? (
        <Button size="sm" disabled={isFetching} onClick={() => void refetch()}>
          Stay signed in
        </Button>
      ) : (
        <Button size="sm" asChild>
          <a href="/sign-in?again" target="_blank" rel="noreferrer">
            Sign in again
          </a>
        </Button>
      )}
    </Alert>
  );
}

/** `1:05`. */
function formatLeft(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
