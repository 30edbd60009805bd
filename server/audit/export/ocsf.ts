/**
 * The record as events of the Open Cybersecurity Schema Framework, one JSON object per line. Pure.
 * What the schema has no place for stays in `unmapped`, so nothing is lost on the way into another system.
 */
import type { ChainRow, SealedRow } from "#server/audit/chain.ts";
import { OCSF_CLASSES, ocsfPlace, type OcsfClass } from "#server/audit/export/ocsf-classes.ts";
import { orderJson, type ExportProof, type LineFormat } from "#server/audit/export/schema.ts";
import { VERSION } from "#server/version.ts";

/** The schema's version that these objects follow. */
const SCHEMA_VERSION = "1.3.0";

const SEVERITY: Record<string, readonly [id: number, name: string]> = {
  info: [1, "Informational"],
  warn: [3, "Medium"],
  error: [4, "High"],
  critical: [5, "Critical"],
};
const UNKNOWN = [0, "Unknown"] as const;
const GATEWAY = { name: "OpenClaw Gateway", uid: "openclaw-gateway" };
/** `type_id` 1 is a server. */
const DEVICE = { ...GATEWAY, type_id: 1 };

const STARTED = "audit.export_started";
const PROOF = "audit.export_proof";

export const OCSF: LineFormat = {
  lineEnd: "\n",
  open: (order) => [ownLine(STARTED, Date.parse(order.generatedAt), orderJson(order))],
  row: (sealed) => JSON.stringify(ocsfEvent(sealed)),
  // The proof has no time of its own: a continued export ends with the same bytes.
  close: (proof: ExportProof) => ownLine(PROOF, 0, proof),
  read(line) {
    const { metadata: about = {}, unmapped: order } = JSON.parse(line) as {
      metadata?: { sequence?: unknown; event_code?: unknown };
      unmapped?: unknown;
    };
    if (typeof about.sequence === "number") {
      return { seq: about.sequence };
    }
    if (about.event_code === STARTED) {
      return { order };
    }
    return about.event_code === PROOF ? "end" : null;
  },
};

/** The first and the last line: about the export itself. */
function ownLine(event: string, time: number, unmapped: object): string {
  const place = { uid: 6003, activity: [2, "Read"] } as const;
  return JSON.stringify({
    ...headOf(place.uid, place.activity),
    severity_id: 1,
    severity: "Informational",
    status_id: 1,
    status: "Success",
    time,
    message: event,
    metadata: { ...metadata(), event_code: event },
    actor: { app_name: GATEWAY.name },
    api: { operation: event },
    src_endpoint: { name: GATEWAY.name },
    unmapped,
  });
}

const metadata = () => ({
  version: SCHEMA_VERSION,
  product: { name: "Gateway", vendor_name: "OpenClaw", version: VERSION },
  log_name: "audit",
});

function headOf(uid: OcsfClass, [activityId, activity]: readonly [number, string]) {
  const { name, category } = OCSF_CLASSES[uid];
  return {
    category_uid: Math.floor(uid / 1000),
    category_name: category,
    class_uid: uid,
    class_name: name,
    activity_id: activityId,
    activity_name: activity,
    type_uid: uid * 100 + activityId,
    type_name: `${name}: ${activity}`,
  };
}

export function ocsfEvent({ row, hash }: SealedRow) {
  const { uid, activity } = ocsfPlace(row.event, row.kind);
  const [severityId, severity] = SEVERITY[row.severity] ?? UNKNOWN;
  return {
    ...headOf(uid, activity),
    severity_id: severityId,
    severity,
    ...statusOf(uid, row),
    time: Date.parse(row.at),
    message: row.reason === undefined ? row.event : `${row.event}: ${row.reason}`,
    metadata: {
      ...metadata(),
      uid: hash.toString("hex"),
      sequence: row.seq,
      event_code: row.code,
      ...(row.correlationId === undefined ? {} : { correlation_uid: row.correlationId }),
    },
    actor: { user: userOf(row.actorId, row.actorType) },
    ...(row.address === undefined ? {} : { src_endpoint: { ip: row.address } }),
    ...detailsOf(uid, row),
    unmapped: unmapped(row),
  };
}

/** A finding is new or not; everything else succeeded or failed. */
function statusOf(uid: OcsfClass, row: ChainRow) {
  if (uid === 2004) {
    return { status_id: 1, status: "New" };
  }
  const detail = row.reason === undefined ? {} : { status_detail: row.reason };
  return row.outcome === "ok"
    ? { status_id: 1, status: "Success", ...detail }
    : { status_id: 2, status: "Failure", ...detail };
}

/** `type_id`: 1 a person, 3 the system, 4 a service. */
function userOf(uid: string, type: string) {
  const typeId = { user: 1, member: 1, operator: 2, system: 3, worker: 3, token: 4 }[type] ?? 0;
  return { uid, type_id: typeId, type };
}

/** What each class asks for beyond the common. */
function detailsOf(uid: OcsfClass, row: ChainRow): object {
  const subject = row.userId === undefined ? userOf(row.actorId, row.actorType) : { uid: row.userId, type_id: 1 };
  const endpoint = { src_endpoint: row.address === undefined ? { name: GATEWAY.name } : { ip: row.address } };
  switch (uid) {
    case 3001:
      return { user: { uid: row.target ?? subject.uid } };
    case 3002:
      return { user: subject, service: GATEWAY };
    case 3003:
      return { user: subject, privileges: [row.target ?? row.event] };
    case 3004:
      return { entity: { name: row.target ?? row.because ?? row.event, type: row.event.split(".", 1)[0] } };
    case 3005:
      return { user: { uid: row.target ?? subject.uid }, privileges: [row.event] };
    case 1001:
      return { file: { name: row.target ?? "unknown", type_id: 1 }, device: DEVICE };
    case 1007:
      return { process: { uid: row.target ?? "unknown" }, device: DEVICE };
    case 2004:
      return { finding_info: { uid: `${row.code}-${row.seq}`, title: row.event } };
    case 4001:
      return endpoint;
    case 6002:
      return { app: GATEWAY };
    case 6003: {
      const request = row.requestId === undefined ? {} : { request: { uid: row.requestId } };
      return { api: { operation: row.event, ...request }, ...endpoint };
    }
    case 6008:
      return {};
  }
}

const unmapped = ({ event, kind, outcome, tokenId, channel, requestId, target, because, data }: ChainRow) => ({
  event,
  kind,
  outcome,
  tokenId,
  channel,
  requestId,
  target,
  because,
  data,
});
