/** Incidents, locks, and what they refuse. */
import { COUNT, type EventText } from "#server/audit/catalogue/text.ts";

const LOCK = "Id of the lock.";
const KIND = "What is locked: user, role, token, channel, member, everything.";
const LOCKED = "Id or name of what is locked; a token by its family; empty for everything.";
const DRILL = "True for a drill, which shuts nobody out.";
const CUT = {
  runs: "Runs that were told to stop.",
  approvals: "Runs waiting for approval that will not start.",
  heldMessages: "Messages waiting for a code that were dropped.",
  sessions: "Console sessions that were ended.",
} as const;
const SET = {
  kind: KIND,
  locked: LOCKED,
  message: "What whoever is shut out reads.",
  why: "The reason, for the team.",
  incident: "Id of the incident it belongs to, or null.",
  expiresInMs: "Milliseconds after which it is over, or null.",
  ...CUT,
} as const;

export const INCIDENTS = {
  "incident.opened": {
    meaning: "An incident was opened.",
    target: "Id of the incident.",
    fields: {
      title: "Its title.",
      severity: "How bad it is: low, medium, high or critical.",
      commander: "Who leads.",
      drill: DRILL,
    },
  },
  "incident.changed": {
    meaning: "Title, severity, leader, subjects or plan of an incident were changed.",
    target: "Id of the incident.",
    fields: { fields: "Names of what was changed." },
  },
  "incident.noted": {
    meaning: "Somebody added an entry to an incident's timeline.",
    target: "Id of the incident.",
    fields: {
      note: "Id of the entry; its text is not in the record.",
      kind: "What it is: note, question or communication.",
    },
  },
  "incident.closed": {
    meaning: "An incident was closed. Its locks stay until they are lifted.",
    target: "Id of the incident.",
    fields: { openMs: "Milliseconds that it was open.", drill: DRILL },
  },
  "incident.lock_set": { meaning: "Somebody or something was locked.", target: LOCK, reason: KIND, fields: SET },
  "incident.lock_lifted": {
    meaning: "A lock was lifted, or a drill ended.",
    target: LOCK,
    reason: KIND,
    fields: { kind: KIND, locked: LOCKED, drill: DRILL, why: "The reason given, where one was asked for." },
  },
  "incident.lock_expired": {
    meaning: "The time of a lock was over.",
    target: LOCK,
    reason: KIND,
    fields: { kind: KIND, locked: LOCKED, drill: DRILL },
  },
  "incident.refused": {
    meaning: "Somebody who is locked was refused.",
    target: "The route, page, delivery or procedure.",
    reason: "Kind of the lock.",
    because: LOCK,
    fields: COUNT,
  },
  "incident.drill": {
    meaning: "A lock was tried: the record says what it would have cut. Nobody was shut out.",
    target: LOCK,
    reason: KIND,
    fields: SET,
  },
  "incident.everything_stopped": {
    meaning:
      "Everything was stopped: all runs, streams and connections, for everybody but members who may manage incidents.",
    target: LOCK,
    reason: KIND,
    fields: SET,
  },
  "incident.everything_resumed": {
    meaning: "The stop of everything was taken back.",
    target: LOCK,
    reason: KIND,
    fields: { kind: KIND, locked: LOCKED, drill: DRILL, why: "The reason given, where one was asked for." },
  },
} as const satisfies Record<string, EventText>;
