"use client";

import { HourglassIcon, OctagonXIcon } from "lucide-react";
import { Alert } from "#components/ui/alert.tsx";

interface RefusalAlertProps {
  message: string | null;
  /** Seconds until the next attempt is looked at; 0 = now. */
  waitSeconds?: number;
}

/** Why an attempt was refused. A wait is counted down for the eye and said once for the ear. */
export function RefusalAlert({ message, waitSeconds = 0 }: RefusalAlertProps) {
  if (waitSeconds > 0) {
    return (
      <Alert variant="warning" role="alert">
        <HourglassIcon aria-hidden />
        <p>
          Too many failed attempts. You can try again
          <span className="sr-only"> in a while.</span>
          <span aria-hidden> in {formatWait(waitSeconds)}.</span>
        </p>
      </Alert>
    );
  }
  return message === null ? null : (
    <Alert variant="destructive" role="alert">
      <OctagonXIcon aria-hidden />
      <p>{message}</p>
    </Alert>
  );
}

/** `45 s`, `2 min 05 s`. */
function formatWait(seconds: number): string {
  const rest = String(seconds % 60).padStart(2, "0");
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${rest} s`;
}
