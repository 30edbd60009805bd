/** Incidents: opened, changed, noted and closed, each with its record in the same transaction. */
import { recordEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError, hasErrorCode } from "#server/core/errors.ts";
import { randomId } from "#server/core/ids.ts";
import { parseInput } from "#server/core/parse-input.ts";
import { ChangeIncident, CloseIncident, NoteIncident, OpenIncident } from "#server/incidents/schema.ts";

export interface IncidentDeps {
  db: Db;
  clock: Clock;
}

/** Who acts. `name` is for people. */
export interface By {
  actor: Actor;
  name: string;
}

const textOf = ({ type, id }: Actor): string => `${type}:${id}`;

/** @returns its id. @throws AppError INVALID_INPUT, CONFLICT while another is open. */
export async function openIncident({ db, clock }: IncidentDeps, by: By, input: OpenIncident): Promise<string> {
  const { commander = by.name, ...asked } = parseInput(OpenIncident, "Incident", input);
  const { title, severity, drill } = asked;
  const id = randomId("inc", 12);
  try {
    await withTx(db, async (tx) => {
      await tx.incident.create({
        data: { id, ...asked, commander, openedBy: textOf(by.actor), openedAt: new Date(clock.now()) },
      });
      await recordEvents(tx, [
        {
          event: "incident.opened",
          outcome: "ok",
          actor: by.actor,
          target: id,
          data: { title, severity, commander, drill },
        },
      ]);
    });
  } catch (error) {
    if (hasErrorCode(error, "P2002")) {
      throw new AppError(
        "CONFLICT",
        drill
          ? "A drill is open already. Close it before another begins."
          : "An incident is open already. Note what is new there, or close it first.",
      );
    }
    throw error;
  }
  return id;
}

/** @throws AppError INVALID_INPUT, NOT_FOUND, CONFLICT when it is closed. */
export async function changeIncident({ db }: IncidentDeps, by: By, input: ChangeIncident): Promise<void> {
  const { id, ...changes } = parseInput(ChangeIncident, "Incident", input);
  await withTx(db, async (tx) => {
    const { count } = await tx.incident.updateMany({ where: { id, closedAt: null }, data: changes });
    if (count === 0) {
      throw await notOpen(tx, id);
    }
    await recordEvents(tx, [
      {
        event: "incident.changed",
        outcome: "ok",
        actor: by.actor,
        target: id,
        data: { fields: Object.keys(changes).sort() },
      },
    ]);
  });
}

/** Adds to the timeline; also to a closed incident, as what is found later belongs there. @throws AppError INVALID_INPUT, NOT_FOUND */
export async function noteIncident({ db, clock }: IncidentDeps, by: By, input: NoteIncident): Promise<string> {
  const { id, kind, text } = parseInput(NoteIncident, "Note", input);
  const note = randomId("ino", 12);
  await withTx(db, async (tx) => {
    if ((await tx.incident.findUnique({ where: { id }, select: { id: true } })) === null) {
      throw unknownIncident();
    }
    const at = new Date(clock.now());
    await tx.incidentNote.create({ data: { id: note, incidentId: id, kind, text, author: by.name, at } });
    await recordEvents(tx, [
      { event: "incident.noted", outcome: "ok", actor: by.actor, target: id, data: { note, kind } },
    ]);
  });
  return note;
}

/** Its locks stay until somebody lifts them. @throws AppError NOT_FOUND, CONFLICT when it is closed already. */
export async function closeIncident({ db, clock }: IncidentDeps, by: By, input: CloseIncident): Promise<void> {
  const { id, conclusion } = parseInput(CloseIncident, "Incident", input);
  await withTx(db, async (tx) => {
    const [closed] = await tx.incident.updateManyAndReturn({
      where: { id, closedAt: null },
      data: { closedAt: new Date(clock.now()), closedBy: textOf(by.actor), conclusion },
      select: { openedAt: true, closedAt: true, drill: true },
    });
    if (closed === undefined) {
      throw await notOpen(tx, id);
    }
    const openMs = (closed.closedAt?.getTime() ?? clock.now()) - closed.openedAt.getTime();
    await recordEvents(tx, [
      {
        event: "incident.closed",
        outcome: "ok",
        actor: by.actor,
        target: id,
        data: { openMs, drill: closed.drill },
      },
    ]);
  });
}

async function notOpen(db: Pick<Db, "incident">, id: string): Promise<AppError> {
  const known = await db.incident.findUnique({ where: { id }, select: { id: true } });
  return known === null ? unknownIncident() : new AppError("CONFLICT", "This incident is closed.");
}

export const unknownIncident = (): AppError =>
  new AppError("NOT_FOUND", "There is no incident with this id. List them with: openclaw incident status");
