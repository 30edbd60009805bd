"use client";

import { useSyncExternalStore } from "react";
import { passkeysWork } from "#components/auth/passkey.ts";

const subscribe = () => () => undefined;

/** False on the server and until the page is alive, so that server and browser render the same text first. */
export function usePasskeysWork(): boolean {
  return useSyncExternalStore(subscribe, passkeysWork, () => false);
}
