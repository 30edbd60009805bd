/** What whoever reads a report should look at first, in plain sentences, the most urgent first. Pure. */
import type { Attention, Group, ReportFacts, Urgency } from "#server/audit/report/schema.ts";
import { countOf, digits, minute, ofEvent, ofKind, type Chooser } from "#server/audit/report/totals.ts";

/** From as many failures on an address or a rise is worth a word. */
const MANY_FAILURES = 20;
/** A rise is one from twice as many on. */
const RISE = 2;
/** Milliseconds. The sealer signs every ten seconds. */
const CHECKPOINT_LATE_MS = 5 * 60_000;
/** Batches. */
const SEALER_BEHIND = 1_000;

const ORDER: readonly Urgency[] = ["now", "soon", "note"];

export function attentionOf(facts: ReportFacts): Attention[] {
  return [...integrity(facts), ...grave(facts), ...attacks(facts), ...operation(facts)].toSorted(
    (a, b) => ORDER.indexOf(a.urgency) - ORDER.indexOf(b.urgency),
  );
}

function integrity({
  integrity: { checkpoint, uncoveredSince, waiting },
  generatedAt,
  buckets,
}: ReportFacts): Attention[] {
  const found: Attention[] = [];
  const failed = countOf(buckets, ofEvent("audit.integrity_failed"));
  if (failed > 0) {
    found.push(now(`The audit record failed its own check ${times(failed)}. Run: openclaw security verify-audit`));
  }
  const forged = countOf(buckets, ofEvent("audit.batch_unreadable", "audit.event_unknown"));
  if (forged > 0) {
    found.push(
      now(`${many(forged, "entry", "entries")} in the audit intake could not have been written by this gateway.`),
    );
  }
  if (uncoveredSince !== null && generatedAt.getTime() - uncoveredSince.getTime() > CHECKPOINT_LATE_MS) {
    const signed =
      checkpoint === null
        ? "No checkpoint of the audit record was ever signed"
        : `The last checkpoint was signed at ${minute(checkpoint.signedAt)}`;
    found.push(soon(`${signed}, and rows since ${minute(uncoveredSince)} are uncovered: is the sealer running?`));
  }
  if (waiting >= SEALER_BEHIND) {
    found.push(soon(`${digits(waiting)} batches of events wait for the sealer and are not in this report.`));
  }
  return found;
}

const GRAVE: readonly [event: string, sentence: (count: number) => string][] = [
  ["sandbox.escape_attempt", (n) => `A program tried to get out of its sandbox ${times(n)}. See Sandbox incidents.`],
  [
    "sandbox.container_drift",
    (n) => `A container was not what was asked for ${times(n)}; the engine or its host may be in other hands.`,
  ],
  ["sandbox.foreign_action", (n) => `Somebody else laid hands on the gateway's containers ${times(n)}.`],
  [
    "token.reuse_detected",
    (n) => `A replaced token was used again ${times(n)}: a copy of it is in other hands. Its family was revoked.`,
  ],
  ["data.unreadable", (n) => `Stored data could not be decrypted ${times(n)}: it was changed, or a key is missing.`],
];

function grave({ buckets }: ReportFacts): Attention[] {
  return GRAVE.flatMap(([event, sentence]) => {
    const count = countOf(buckets, ofEvent(event));
    return count === 0 ? [] : [now(sentence(count))];
  });
}

function attacks(facts: ReportFacts): Attention[] {
  const [loudest] = facts.failuresByAddress.filter(({ count }) => count >= MANY_FAILURES);
  const [denied] = facts.denials.filter(({ count }) => count >= MANY_FAILURES);
  return [
    ...rise(facts, ofKind("authentication_failure"), "Failed authentications"),
    ...rise(facts, ofKind("authorization_denied"), "Denials"),
    ...rise(facts, ofKind("suspicious_activity"), "Suspicious events"),
    ...(loudest === undefined
      ? []
      : [
          soon(
            `${valueOf(loudest, 0, "An unknown address")} failed to authenticate ${times(loudest.count)}, last at ${loudest.last}.`,
          ),
        ]),
    ...(denied === undefined
      ? []
      : [
          note(
            `${valueOf(denied, 0, "Somebody")} was denied ${times(denied.count)} by ${valueOf(denied, 3, "a rule")}: either a right is missing or somebody is trying doors.`,
          ),
        ]),
  ];
}

function rise({ buckets, bucketsBefore }: ReportFacts, chosen: Chooser, what: string): Attention[] {
  const [count, before] = [countOf(buckets, chosen), countOf(bucketsBefore, chosen)];
  return count >= MANY_FAILURES && count >= before * RISE
    ? [soon(`${what} rose from ${digits(before)} to ${digits(count)} against the period before.`)]
    : [];
}

const OPERATION: readonly [event: string, urgency: Urgency, sentence: (count: number) => string][] = [
  ["backup.failed", "soon", (n) => `A backup failed ${times(n)}.`],
  ["tls.reload_failed", "soon", (n) => `A new TLS certificate could not be loaded ${times(n)}.`],
  ["tls.certificate_expiring", "soon", () => "The TLS certificate is about to expire."],
  [
    "config.rejected",
    "note",
    (n) => `A configuration that is not valid was rejected ${times(n)}; the last valid one stayed in force.`,
  ],
  ["config.decrypted", "note", (n) => `Secrets of the configuration were decrypted ${times(n)}.`],
  ["audit.anchor_failed", "note", (n) => `A checkpoint could not be delivered to an outside address ${times(n)}.`],
  ["system.error", "note", (n) => `The gateway itself failed ${times(n)}. See Errors.`],
];

function operation({ buckets }: ReportFacts): Attention[] {
  const found = OPERATION.flatMap(([event, urgency, sentence]) => {
    const count = countOf(buckets, ofEvent(event));
    return count === 0 ? [] : [{ urgency, text: sentence(count) }];
  });
  return buckets.length === 0 ? [note("Nothing was recorded in this period."), ...found] : found;
}

const now = (text: string): Attention => ({ urgency: "now", text });
const soon = (text: string): Attention => ({ urgency: "soon", text });
const note = (text: string): Attention => ({ urgency: "note", text });
const times = (count: number): string => (count === 1 ? "once" : `${digits(count)} times`);
const many = (count: number, one: string, several: string): string => `${digits(count)} ${count === 1 ? one : several}`;
const valueOf = ({ values }: Group, index: number, otherwise: string): string => values[index] ?? otherwise;
