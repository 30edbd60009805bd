/**
 * Every place that records an event sends what the catalogue says and no more: the compiler tells the type of each object literal with a
 * member `event`, whatever it is put together from.
 */
import ts from "typescript";
import { beforeAll, describe, expect, test } from "vitest";
import { EVENT_TEXTS } from "#server/audit/catalogue/index.ts";
import type { EventText } from "#server/audit/catalogue/text.ts";
import { AUDIT_EVENTS, isAuditEvent, type AuditEventName } from "#server/audit/events.ts";
import { AUDIT_KINDS, SECURITY_KINDS } from "#server/audit/schema.ts";
import { isListed } from "#server/audit/selection.ts";

interface Emitter {
  file: string;
  events: AuditEventName[];
  /** Members of its data that the compiler knows. */
  fields: string[];
  has: Record<"target" | "reason" | "because", boolean>;
}

const OURS = /\/(?:server|sandbox-worker|cli|supervisor|app)\//;
const NOT_OURS = /\.test\.tsx?$|\/test\/|\/generated\/|\/hostile\/|\/catalogue\//;
/** A literal that can be of more events than this is generic: those that call it say which. */
const MOST_EVENTS = 6;

let emitters: Emitter[] = [];
/** Names that stand in the code as text, for places that name an event without making it. */
let named = new Set<string>();

beforeAll(() => {
  const root = process.cwd();
  const { options, fileNames } = ts.parseJsonConfigFileContent(
    ts.readConfigFile("tsconfig.json", (file) => ts.sys.readFile(file)).config,
    ts.sys,
    root,
  );
  const files = fileNames.filter((file) => OURS.test(file.slice(root.length)) && !NOT_OURS.test(file));
  const program = ts.createProgram(files, { ...options, incremental: false, noEmit: true });
  const checker = program.getTypeChecker();
  const found = files.map((file) => emittersIn(program.getSourceFile(file), checker, file.slice(root.length + 1)));
  emitters = found.flatMap((one) => one.emitters);
  named = new Set(found.flatMap((one) => one.named));
}, 300_000);

function emittersIn(source: ts.SourceFile | undefined, checker: ts.TypeChecker, file: string) {
  const result: { emitters: Emitter[]; named: string[] } = { emitters: [], named: [] };
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) && isAuditEvent(node.text) && file !== "server/audit/events.ts") {
      result.named.push(node.text);
    }
    if (ts.isObjectLiteralExpression(node)) {
      result.emitters.push(...emitterOf(node, checker, file));
    }
    ts.forEachChild(node, visit);
  };
  if (source !== undefined) {
    visit(source);
  }
  return result;
}

function emitterOf(node: ts.ObjectLiteralExpression, checker: ts.TypeChecker, file: string): Emitter[] {
  const type = checker.getTypeAtLocation(node);
  const events = memberTypes(type, "event", checker).flatMap((one) =>
    one.isStringLiteral() && isAuditEvent(one.value) ? [one.value] : [],
  );
  if (events.length === 0 || events.length > MOST_EVENTS) {
    return [];
  }
  const data = memberTypes(type, "data", checker);
  const fields = data.flatMap((one) => one.getProperties().map((property) => property.name));
  const has = (name: string): boolean => type.getProperty(name) !== undefined;
  return [{ file, events, fields, has: { target: has("target"), reason: has("reason"), because: has("because") } }];
}

function memberTypes(type: ts.Type, name: string, checker: ts.TypeChecker): ts.Type[] {
  const property = type.getProperty(name);
  const found = property === undefined ? undefined : checker.getTypeOfSymbol(property);
  return found === undefined ? [] : found.isUnion() ? found.types : [found];
}

const textOf = (event: AuditEventName): EventText => EVENT_TEXTS[event];

describe("AUD-2 the event catalogue", () => {
  test("every member of data that is sent is described", () => {
    expect(emitters.length).toBeGreaterThan(60);
    const undescribed = emitters.flatMap(({ file, events, fields }) =>
      events.flatMap((event) =>
        fields
          .filter((field) => !Object.hasOwn(textOf(event).fields, field))
          .map((field) => `${file}: ${event} data.${field}`),
      ),
    );
    expect(undescribed).toEqual([]);
  });

  test("every event is recorded somewhere", () => {
    const recorded = new Set([...emitters.flatMap(({ events }) => events), ...named]);
    const names = Object.keys(AUDIT_EVENTS) as AuditEventName[];
    expect(names.filter((name) => !recorded.has(name))).toEqual([]);
  });

  test("AUD-5 every kind of the configuration has events", () => {
    const kinds = new Set(Object.values(AUDIT_EVENTS).map(({ kind }) => kind));
    expect([...AUDIT_KINDS, ...SECURITY_KINDS].filter((kind) => !kinds.has(kind))).toEqual([]);
  });

  test("management events cannot be left out of the record", () => {
    const nothing = { audit: { enabled: false, events: [] }, security: { events: [] } };
    const lost = Object.entries(AUDIT_EVENTS).filter(
      ([, { kind, class: group }]) => group === "management" && !isListed(kind, nothing),
    );
    expect(lost.map(([name]) => name)).toEqual([]);
  });

  test("every text is a sentence", () => {
    const texts = Object.values(EVENT_TEXTS).flatMap(({ meaning, fields }: EventText) => [
      meaning,
      ...Object.values(fields),
    ]);
    expect(texts.filter((text) => !/^[`A-Z].*\.$/.test(text))).toEqual([]);
  });
});
