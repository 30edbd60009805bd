/**
 * Exports from the console: an order is placed by a procedure that asks for a fresh proof of identity, the file is fetched by a plain download.
 * The order travels in the address of that download, bound to its session and signed, so that any server of a fleet can serve it.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { beginReading } from "#server/audit/console/rows.ts";
import type { ExportRequest, OrderedExport } from "#server/audit/console/schema.ts";
import type { Reader, RecordServices } from "#server/audit/console/services.ts";
import { exportEvent } from "#server/audit/export/export-event.ts";
import { EXPORT_FORMATS, orderJson, type ExportFormat, type ExportOrder } from "#server/audit/export/schema.ts";
import { awaitCheckpoint, orderExport } from "#server/audit/export/source.ts";
import { exportRecord } from "#server/audit/export/stream.ts";
import { StoredOrder } from "#server/audit/export/stored-order.ts";
import { awaitSealing } from "#server/audit/intake.ts";
import { AppError } from "#server/core/errors.ts";

/** The way to the download, see `app/api/audit/export`. */
const PATH = "/api/audit/export";
const GOOD_FOR_MS = 2 * 60_000;
/** The sealer signs within ten seconds when somebody waits. */
const CHECKPOINT_WAIT_MS = 12_000;

const FILES: Record<ExportFormat, { ending: string; type: string }> = {
  json: { ending: "json", type: "application/json; charset=utf-8" },
  csv: { ending: "csv", type: "text/csv; charset=utf-8" },
  cef: { ending: "cef", type: "text/plain; charset=utf-8" },
  ocsf: { ending: "ocsf.jsonl", type: "application/x-ndjson; charset=utf-8" },
};

const Ticket = z.strictObject({
  sessionId: z.string(),
  expiresAtMs: z.number(),
  format: z.enum(EXPORT_FORMATS),
  order: z.unknown(),
});

/** Waits until what happened so far is sealed and signed, as far as that comes soon. @throws AppError("INVALID_INPUT") */
export async function placeExportOrder(
  services: RecordServices,
  reader: Reader,
  { format, ...question }: z.infer<typeof ExportRequest>,
): Promise<OrderedExport> {
  const { pool, paths, clock } = services;
  const search = await beginReading(services, reader, question);
  await awaitSealing(pool);
  const order = await orderExport({ pool, keysDir: paths.keysDir }, format, search);
  const proven = await awaitCheckpoint(pool, order.range.to, CHECKPOINT_WAIT_MS);
  const ticket = {
    sessionId: reader.sessionId,
    expiresAtMs: clock.now() + GOOD_FOR_MS,
    format,
    order: orderJson(order),
  };
  const body = Buffer.from(JSON.stringify(ticket)).toString("base64url");
  return {
    href: `${PATH}?order=${body}.${signatureOf(services, body)}`,
    fileName: fileNameOf(order),
    from: order.range.from,
    to: order.range.to,
    proven,
  };
}

/** @throws AppError("NOT_FOUND") for an order that was not placed here by this session, or is too old. */
export function readTicket(
  services: Pick<RecordServices, "sessionSecret" | "clock">,
  sessionId: string,
  written: string,
): ExportOrder {
  const [body = "", signature = ""] = written.split(".");
  const expected = Buffer.from(signatureOf(services, body));
  const given = Buffer.from(signature);
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) {
    throw noOrder();
  }
  const ticket = Ticket.parse(JSON.parse(Buffer.from(body, "base64url").toString("utf8")));
  if (ticket.sessionId !== sessionId || ticket.expiresAtMs <= services.clock.now()) {
    throw noOrder();
  }
  const { filter, from, to, ...rest } = StoredOrder.parse(ticket.order);
  return { ...rest, format: ticket.format, search: filter, range: { from, to } };
}

const noOrder = (): AppError =>
  new AppError(
    "NOT_FOUND",
    "This export was not ordered in this session, or too long ago. Order it again on the audit page.",
  );

const signatureOf = ({ sessionSecret }: Pick<RecordServices, "sessionSecret">, body: string): string =>
  createHmac("sha256", sessionSecret).update(`audit-export\n${body}`).digest("base64url");

const fileNameOf = ({ format, generatedAt }: ExportOrder): string =>
  `openclaw-audit-${generatedAt.slice(0, 19).replace(/[:T]/g, "-")}.${FILES[format].ending}`;

export const exportHeaders = (order: ExportOrder): Record<string, string> => ({
  "content-type": FILES[order.format].type,
  "content-disposition": `attachment; filename="${fileNameOf(order)}"`,
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
});

/** The bytes of the file; its beginning and end are on record, also when the reader goes away. */
export async function* exportBytes(
  { pool, audit, paths }: Pick<RecordServices, "pool" | "audit" | "paths">,
  reader: Reader,
  order: ExportOrder,
): AsyncGenerator<Uint8Array, void, void> {
  await audit.append([exportEvent(order, reader.actor, "started", null)]);
  const encoder = new TextEncoder();
  let records = 0;
  let finished = false;
  try {
    for await (const chunk of exportRecord({ pool, keysDir: paths.keysDir }, order)) {
      records += chunk.records;
      if (chunk.text !== "") {
        yield encoder.encode(chunk.text);
      }
    }
    finished = true;
  } finally {
    await audit.append([exportEvent(order, reader.actor, finished ? "finished" : "failed", records)]);
  }
}
