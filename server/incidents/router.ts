/** tRPC adapter of incidents and locks. */
import { z } from "zod";
import { can } from "#server/access/index.ts";
import type { ConsoleSession } from "#server/auth/index.ts";
import { readBanner, readBoard, readIncident } from "#server/incidents/board.ts";
import { contactsOf } from "#server/incidents/contacts.ts";
import { changeIncident, closeIncident, noteIncident, openIncident } from "#server/incidents/incidents.ts";
import { liftLock, resume } from "#server/incidents/lift-lock.ts";
import { previewLock } from "#server/incidents/preview.ts";
import { renderIncident } from "#server/incidents/report.ts";
import { REPORT_FORMATS } from "#server/incidents/policy.ts";
import {
  Banner,
  ChangeIncident,
  CloseIncident,
  ConfirmedStop,
  IncidentBoard,
  IncidentDetail,
  IncidentOf,
  LiftLock,
  NoteIncident,
  OpenIncident,
  Preview,
  PreviewCounts,
  Resume,
  SetLock,
} from "#server/incidents/schema.ts";
import { setLock, stopEverything, type LockedBy } from "#server/incidents/set-lock.ts";
import type { AppServices } from "#server/services.ts";
import { router } from "#server/trpc/init.ts";
import { withPermission } from "#server/trpc/procedures.ts";

const Done = z.object({ id: z.string() });

const lockDeps = (services: AppServices) => ({
  db: services.db,
  clock: services.clock,
  policy: services.policy.current(),
});
const lockedBy = ({ actor, memberId, role }: ConsoleSession): LockedBy => ({ actor, member: { id: memberId, role } });
const by = ({ actor, name }: ConsoleSession) => ({ actor, name });

export const incidentsRouter = router({
  /** For every member, on every page: nobody should wonder why nothing works. */
  banner: withPermission("account", "manage_own")
    .output(Banner)
    .query(({ ctx: { services, session } }) => readBanner(services, can(session.permissions, "incidents:read"))),

  board: withPermission("incidents", "read")
    .output(IncidentBoard)
    .query(({ ctx: { services } }) => readBoard(services, contactsOf(services.config.current().config))),

  detail: withPermission("incidents", "read")
    .input(IncidentOf)
    .output(IncidentDetail)
    .query(({ ctx: { services }, input: { id } }) => readIncident(services, id)),

  report: withPermission("incidents", "read")
    .input(IncidentOf.extend({ format: z.enum(REPORT_FORMATS) }))
    .output(z.object({ name: z.string(), text: z.string() }))
    .query(async ({ ctx: { services }, input: { id, format } }) => {
      const incident = await readIncident(services, id);
      const contacts = contactsOf(services.config.current().config);
      const generatedAt = new Date(services.clock.now());
      const extension = format === "text" ? "txt" : format;
      return {
        name: `incident-${id}.${extension}`,
        text: renderIncident({ incident, contacts, generatedAt }, format),
      };
    }),

  /** What a lock would cut now. */
  preview: withPermission("incidents", "read")
    .input(Preview)
    .output(PreviewCounts)
    .query(async ({ ctx: { services }, input }) => ({ counts: await previewLock(lockDeps(services), input) })),

  open: withPermission("incidents", "manage")
    .input(OpenIncident)
    .output(Done)
    .mutation(async ({ ctx: { services, session }, input }) => ({
      id: await openIncident(services, by(session), input),
    })),

  change: withPermission("incidents", "manage")
    .input(ChangeIncident)
    .output(Done)
    .mutation(async ({ ctx: { services, session }, input }) => {
      await changeIncident(services, by(session), input);
      return { id: input.id };
    }),

  note: withPermission("incidents", "manage")
    .input(NoteIncident)
    .output(Done)
    .mutation(async ({ ctx: { services, session }, input }) => ({
      id: await noteIncident(services, by(session), input),
    })),

  close: withPermission("incidents", "manage", { stepUp: true })
    .input(CloseIncident)
    .output(Done)
    .mutation(async ({ ctx: { services, session }, input }) => {
      await closeIncident(services, by(session), input);
      return { id: input.id };
    }),

  lock: withPermission("incidents", "manage", { stepUp: true })
    .input(SetLock)
    .output(Done)
    .mutation(async ({ ctx: { services, session }, input }) => {
      const { id } = await setLock(lockDeps(services), lockedBy(session), input);
      return { id };
    }),

  lift: withPermission("incidents", "manage", { stepUp: true })
    .input(LiftLock)
    .output(Done)
    .mutation(async ({ ctx: { services, session }, input }) => {
      await liftLock(services, lockedBy(session), input);
      return { id: input.id };
    }),

  stopEverything: withPermission("incidents", "manage", { stepUp: true })
    .input(ConfirmedStop)
    .output(Done)
    .mutation(async ({ ctx: { services, session }, input: { confirmation: _typed, ...stop } }) => {
      const { id } = await stopEverything(lockDeps(services), lockedBy(session), stop);
      return { id };
    }),

  resume: withPermission("incidents", "manage", { stepUp: true })
    .input(Resume)
    .output(z.object({ lifted: z.number() }))
    .mutation(async ({ ctx: { services, session }, input }) => ({
      lifted: await resume(services, lockedBy(session), input),
    })),
});
