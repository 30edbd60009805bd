/** Words of incidents and locks. Browser-safe. */
import { z } from "zod";
import { DEFAULT_MESSAGE, INCIDENT_SEVERITIES, LOCK_KINDS, NOTE_KINDS, STOP_PHRASE } from "#server/incidents/policy.ts";

const MAX_LOCK_MS = 366 * 86_400_000;

const oneLine = (max: number) =>
  z
    .string()
    .trim()
    .min(1, "must not be empty")
    .max(max, `at most ${max} characters`)
    .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u, "one line without control characters");

/** Told to whoever is shut out, on every door; so it is one line and says nothing that they must not know. */
const LockMessage = oneLine(300);
const LockReason = oneLine(500);
const Target = oneLine(200);

const Ends = z
  .int()
  .min(1000, "at least one second")
  .max(MAX_LOCK_MS, "at most 366 days")
  .nullable()
  .default(null)
  .describe("Milliseconds after which it is over; null = until it is lifted.");

const IncidentId = z.string().min(1).max(64);
const LockId = z.string().min(1).max(64);

const common = {
  message: LockMessage.default(DEFAULT_MESSAGE),
  reason: LockReason,
  expiresInMs: Ends,
  incidentId: IncidentId.nullable().default(null),
};

export const SetLock = z.strictObject({
  kind: z.enum(["user", "role", "token", "channel", "member"]),
  /** Id of the user or member, name of the role or channel, id of a token (its whole family is locked) or `gateway.token`. */
  target: Target,
  /** Shows what would be cut, and cuts nothing. */
  drill: z.boolean().default(false),
  ...common,
});
export type SetLock = z.input<typeof SetLock>;

export const StopEverything = z.strictObject({ drill: z.boolean().default(false), ...common });
export type StopEverything = z.input<typeof StopEverything>;
/** The same from the console, where it has to be typed out. */
export const ConfirmedStop = StopEverything.extend({
  confirmation: z.literal(STOP_PHRASE, `type ${STOP_PHRASE}`),
});

export const LiftLock = z.strictObject({ id: LockId });
export const Resume = z.strictObject({ reason: LockReason });

/** What a transaction or a process has ended, by name. */
export const CutCounts = z.record(z.string(), z.number());
export type CutCounts = z.infer<typeof CutCounts>;

export const LockView = z.object({
  id: z.string(),
  kind: z.enum(LOCK_KINDS),
  target: z.string(),
  message: z.string(),
  reason: z.string(),
  drill: z.boolean(),
  incidentId: z.string().nullable(),
  setBy: z.string(),
  setAt: z.date(),
  expiresAt: z.date().nullable(),
  endedAt: z.date().nullable(),
  endedBy: z.string().nullable(),
  /** Ended by the transaction that set it. In a drill: what would have been. */
  stored: CutCounts,
  /** Cut by each server process, and how long after the lock was stored. */
  cuts: z.array(z.object({ instance: z.string(), counts: CutCounts, afterMs: z.number() })),
});
export type LockView = z.infer<typeof LockView>;

const Title = oneLine(200);
const Plan = z.string().max(20_000, "at most 20,000 characters");
/** `user:ada`, `role:user`, `token:<family>`, `channel:slack`, `member:<id>`. */
const SubjectText = z
  .string()
  .max(210)
  .regex(/^(?:user|role|token|channel|member):[^\s\p{Cc}]{1,200}$/u, "kind:name, such as user:ada or channel:slack");

export const OpenIncident = z.strictObject({
  title: Title,
  severity: z.enum(INCIDENT_SEVERITIES),
  /** Who leads; default: whoever opens it. */
  commander: Title.optional(),
  subjects: z.array(SubjectText).max(50).default([]),
  plan: Plan.default(""),
  drill: z.boolean().default(false),
});
export type OpenIncident = z.input<typeof OpenIncident>;
export const ChangeIncident = z.strictObject({
  id: IncidentId,
  title: Title.optional(),
  severity: z.enum(INCIDENT_SEVERITIES).optional(),
  commander: Title.optional(),
  subjects: z.array(SubjectText).max(50).optional(),
  plan: Plan.optional(),
});
export type ChangeIncident = z.input<typeof ChangeIncident>;
export const NoteIncident = z.strictObject({
  id: IncidentId,
  kind: z.enum(NOTE_KINDS).default("note"),
  text: z.string().trim().min(1, "must not be empty").max(4000, "at most 4,000 characters"),
});
export type NoteIncident = z.input<typeof NoteIncident>;
export const CloseIncident = z.strictObject({ id: IncidentId, conclusion: Plan.default("") });
export type CloseIncident = z.input<typeof CloseIncident>;
export const IncidentOf = z.strictObject({ id: IncidentId });

export const IncidentSummary = z.object({
  id: z.string(),
  title: z.string(),
  severity: z.enum(INCIDENT_SEVERITIES),
  commander: z.string(),
  drill: z.boolean(),
  subjects: z.array(z.string()),
  openedBy: z.string(),
  openedAt: z.date(),
  closedBy: z.string().nullable(),
  closedAt: z.date().nullable(),
});
export type IncidentSummary = z.infer<typeof IncidentSummary>;

/** One line of a timeline: something on the record, or what a person noted. */
export const TimelineEntry = z.object({
  at: z.date(),
  /** Name of the audit event, or the kind of a note. */
  what: z.string(),
  isNote: z.boolean(),
  severity: z.string(),
  who: z.string(),
  text: z.string(),
  /** The event's number in the record; null for notes. */
  seq: z.string().nullable(),
});
export type TimelineEntry = z.infer<typeof TimelineEntry>;

export const Contact = z.object({
  name: z.string(),
  role: z.string(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
});
export type Contact = z.infer<typeof Contact>;

export const IncidentDetail = IncidentSummary.extend({
  plan: z.string(),
  conclusion: z.string(),
  locks: z.array(LockView),
  timeline: z.array(TimelineEntry),
  /** True when the record holds more for the period than the timeline shows. */
  timelineCut: z.boolean(),
});
export type IncidentDetail = z.infer<typeof IncidentDetail>;

/** The state of things at a glance. */
export const IncidentBoard = z.object({
  now: z.date(),
  /** Locks in force, drills apart. */
  locks: z.array(LockView),
  drills: z.array(LockView),
  open: z.array(IncidentSummary),
  history: z.array(IncidentSummary),
  contacts: z.array(Contact),
});
export type IncidentBoard = z.infer<typeof IncidentBoard>;

/** What every member sees on every page. */
export const Banner = z.object({
  /** Everything is stopped: the message, and since when. */
  stopped: z.object({ message: z.string(), since: z.date() }).nullable(),
  /** An incident is open; its title is for those who may read incidents. */
  incident: z.object({ title: z.string().nullable(), since: z.date(), drill: z.boolean() }).nullable(),
});
export type Banner = z.infer<typeof Banner>;

export const Preview = z.strictObject({ kind: z.enum(LOCK_KINDS), target: z.string().max(200) });
export const PreviewCounts = z.object({ counts: CutCounts });
