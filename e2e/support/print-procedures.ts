/** Prints every procedure of the console with what it asks of its caller. A process of its own: the router brings the whole server side. */
import { appRouter } from "#server/trpc/root.ts";

interface Definition {
  type: string;
  meta?: { permission?: string; stepUp?: boolean; enrolment?: boolean };
}

const procedures = Object.entries(appRouter._def.procedures).map(([path, procedure]) => {
  const { type, meta } = (procedure as unknown as { _def: Definition })._def;
  return { path, type, permission: "", stepUp: false, enrolment: false, ...meta };
});
process.stdout.write(JSON.stringify(procedures), () => process.exit(0));
