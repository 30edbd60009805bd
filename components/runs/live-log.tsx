"use client";

import { useMemo, useState } from "react";
import { findLines, logText } from "#components/runs/log-lines.ts";
import { LogSearch } from "#components/runs/log-search.tsx";
import { LogWindow } from "#components/runs/log-window.tsx";
import type { LiveRunEvents } from "#components/runs/use-run-events.ts";
import { download } from "#components/shared/download.ts";
import { Alert } from "#components/ui/alert.tsx";
import { Button } from "#components/ui/button.tsx";
import { Switch } from "#components/ui/switch.tsx";
import { DownloadIcon, TriangleAlertIcon } from "lucide-react";

interface LiveLogProps {
  runId: string;
  events: LiveRunEvents;
  /** Whether the run can still say something. */
  running: boolean;
}

/** What a run prints, as it prints it. Following stops when the reader scrolls up and goes on at the end. */
export function LiveLog({ runId, events: { log, connection, error, retry }, running }: LiveLogProps) {
  const [follow, setFollow] = useState(true);
  const [wrap, setWrap] = useState(true);
  const [wanted, setWanted] = useState("");
  const [match, setMatch] = useState(0);
  const matches = useMemo(() => findLines(log.lines, wanted), [log, wanted]);
  const at = matches.length === 0 ? null : (matches[Math.min(match, matches.length - 1)] ?? null);

  function goTo(next: number) {
    setFollow(false);
    setMatch((next + matches.length) % Math.max(1, matches.length));
  }

  return (
    <div className="flex min-w-0 flex-col gap-2">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <Switch label="Follow" checked={follow} onChange={(event) => setFollow(event.target.checked)} />
        <Switch label="Wrap lines" checked={wrap} onChange={(event) => setWrap(event.target.checked)} />
        <LogSearch
          wanted={wanted}
          onWanted={(next) => {
            setWanted(next);
            setMatch(0);
            setFollow(next === "" && follow);
          }}
          found={matches.length}
          current={Math.min(match, Math.max(0, matches.length - 1))}
          onGoTo={goTo}
        />
        <Button
          variant="outline"
          size="sm"
          disabled={log.lines.length === 0}
          onClick={() => download(`${runId}.log`, logText(log))}
        >
          <DownloadIcon aria-hidden />
          Download log
        </Button>
      </div>
      {connection !== "live" && error !== null && (
        <Alert variant={connection === "broken" ? "destructive" : "warning"} role="alert" className="flex-wrap">
          <TriangleAlertIcon aria-hidden />
          <p className="min-w-0 flex-1 basis-48 break-words">
            {connection === "broken" ? `The log stopped: ${error.message}` : "The connection broke. Connecting again …"}
          </p>
          {connection === "broken" && (
            <Button variant="outline" size="sm" onClick={retry}>
              Connect again
            </Button>
          )}
        </Alert>
      )}
      {log.dropped > 0 && (
        <p className="text-muted-foreground">
          The first {log.dropped.toLocaleString("en")} lines are not kept here. Have the program write a file to keep
          all of a long output.
        </p>
      )}
      <LogWindow
        log={log}
        follow={follow}
        onFollow={setFollow}
        wrap={wrap}
        wanted={wanted}
        at={at}
        emptyText={emptyText(running, connection)}
      />
      <p role="status" className="text-muted-foreground tabular-nums">
        {statusText(log.lines.length + log.dropped, running, follow)}
      </p>
    </div>
  );
}

function emptyText(running: boolean, connection: LiveRunEvents["connection"]): string {
  if (connection === "connecting") {
    return "Reading the log …";
  }
  return running ? "Nothing printed yet. Lines appear here by themselves." : "The program printed nothing.";
}

function statusText(lines: number, running: boolean, follow: boolean): string {
  const count = lines === 1 ? "1 line" : `${lines.toLocaleString("en")} lines`;
  if (!running) {
    return `${count}, complete`;
  }
  return follow ? `${count}, following` : `${count}, paused: new lines are added below`;
}
