"use client";

import dynamic from "next/dynamic";
import { useSyncExternalStore } from "react";
import { stepUpStore } from "#components/trpc/step-up.ts";

const StepUpDialog = dynamic(() => import("#components/auth/step-up-dialog.tsx").then((module) => module.StepUpDialog));

/** Shows the dialog while a call waits for a proof of identity. */
export function StepUpHost() {
  const isAsking = useSyncExternalStore(stepUpStore.subscribe, stepUpStore.isAsking, stepUpStore.isAskingOnServer);
  return isAsking ? <StepUpDialog onDone={(ok) => stepUpStore.answer(ok)} /> : null;
}
