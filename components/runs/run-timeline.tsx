import type { TimelineEvent } from "#components/runs/run-events-store.ts";
import { plainText } from "#components/shared/plain-text.ts";
import { Section } from "#components/ui/section.tsx";
import { Time } from "#components/ui/time.tsx";
import { eventWords } from "#server/runs/policy.ts";

/** Characters of one event in the page. */
const MAX_TEXT = 2_000;

/** What happened to the run, without its output. */
export function RunTimeline({ events, cut }: { events: readonly TimelineEvent[]; cut: boolean }) {
  return (
    <Section
      title="Timeline"
      description="Messages, tools and files as the program told them; everything else as the gateway saw it."
    >
      {events.length === 0 ? (
        <p className="text-muted-foreground">Nothing has happened yet.</p>
      ) : (
        <ol className="flex flex-col rounded-lg border bg-card">
          {events.map((event) => (
            <TimelineItem key={event.seq} event={event} />
          ))}
        </ol>
      )}
      {cut && (
        <p className="text-muted-foreground">
          There are more events than are shown. See them with `openclaw runs show`.
        </p>
      )}
    </Section>
  );
}

function TimelineItem({ event }: { event: TimelineEvent }) {
  const { title, text } = eventWords(event);
  return (
    <li className="flex flex-col gap-x-4 gap-y-1 border-b px-4 py-2 last:border-b-0 sm:flex-row">
      <span className="shrink-0">
        <Time value={event.at} exact />
      </span>
      <div className="min-w-0">
        <p className="break-words">{plainText(title)}</p>
        {text !== null && (
          <p className="max-h-60 overflow-y-auto font-mono text-xs leading-5 break-all whitespace-pre-wrap text-muted-foreground">
            {shown(text)}
          </p>
        )}
      </div>
    </li>
  );
}

const shown = (text: string): string =>
  (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)} …` : text).split("\n").map(plainText).join("\n");
