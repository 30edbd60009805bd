/** `nft -j list ruleset` → the model of `ruleset.ts`. Pure; what it does not know makes a rule vague, never absent. */
import { isIP, isIPv4 } from "node:net";
import { z } from "zod";
import { canonicalNetwork } from "#server/firewall/intent.ts";
import type { Chain, Rule, Table } from "#server/firewall/ruleset.ts";
import type { Family } from "#server/firewall/schema.ts";

const Named = z.object({ family: z.string(), name: z.string() });
const ChainItem = Named.extend({
  table: z.string(),
  type: z.string().optional(),
  hook: z.string().optional(),
  policy: z.string().optional(),
});
const SetItem = Named.extend({ table: z.string(), elem: z.array(z.unknown()).optional() });
const RuleItem = z.object({
  family: z.string(),
  table: z.string(),
  chain: z.string(),
  expr: z.array(z.record(z.string(), z.unknown())),
});
const Listing = z.object({
  nftables: z.array(
    z.object({ chain: ChainItem.optional(), set: SetItem.optional(), rule: RuleItem.optional() }).loose(),
  ),
});

/** Families of tables that see packets addressed to this machine. */
const FAMILY_OF: Readonly<Record<string, readonly Family[] | undefined>> = {
  inet: ["v4", "v6"],
  ip: ["v4"],
  ip6: ["v6"],
};

interface NftTable {
  family: string;
  name: string;
  table: Table;
}

/** @throws ZodError or SyntaxError when it is no such listing */
export function parseNftables(text: string): NftTable[] {
  const { nftables } = Listing.parse(JSON.parse(text));
  const tables = new Map<string, NftTable & { chains: Map<string, { rules: Rule[]; base: Chain["base"] }> }>();
  const sets = new Map<string, readonly unknown[]>();
  for (const { chain, set } of nftables) {
    if (set !== undefined) {
      sets.set(`${set.family} ${set.table} @${set.name}`, set.elem ?? []);
    }
    if (chain !== undefined && FAMILY_OF[chain.family] !== undefined) {
      const key = `${chain.family} ${chain.table}`;
      const chains = tables.get(key)?.chains ?? new Map<string, { rules: Rule[]; base: Chain["base"] }>();
      tables.set(key, { family: chain.family, name: chain.table, table: chains, chains });
      chains.set(chain.name, { rules: [], base: baseOf(chain) });
    }
  }
  for (const { rule } of nftables) {
    if (rule !== undefined) {
      const rules = tables.get(`${rule.family} ${rule.table}`)?.chains.get(rule.chain)?.rules;
      rules?.push(parseRule(rule, (name) => sets.get(`${rule.family} ${rule.table} ${name}`)));
    }
  }
  return [...tables.values()];
}

function baseOf({ type, hook, policy }: z.infer<typeof ChainItem>): Chain["base"] {
  // Chains at "prerouting" may drop as well; what stands there is rarely about ports, and is left to `nft list ruleset`.
  return type === "filter" && (hook === "input" || hook === "forward")
    ? { hook, policy: policy === "drop" ? "drop" : "accept" }
    : null;
}

type SetOf = (name: string) => readonly unknown[] | undefined;

function parseRule({ family, expr }: z.infer<typeof RuleItem>, setOf: SetOf): Rule {
  const rule: Rule = { then: { do: "next" } };
  const families = FAMILY_OF[family];
  if (families !== undefined) {
    rule.families = families;
  }
  for (const statement of expr) {
    const [kind = "", value] = Object.entries(statement)[0] ?? [];
    if (kind === "match") {
      applyMatch(rule, value, setOf);
    } else if (Object.hasOwn(VERDICTS, kind)) {
      rule.then = VERDICTS[kind] ?? rule.then;
    } else if (kind === "jump" || kind === "goto") {
      const target = Target.safeParse(value);
      rule.then = target.success ? { do: kind, chain: target.data.target } : { do: "unknown" };
    } else if (kind === "vmap") {
      rule.then = verdictOfMap(value);
    } else if (!HARMLESS.has(kind)) {
      rule.vague = true;
    }
  }
  return rule;
}

const Target = z.object({ target: z.string() });
const VERDICTS: Readonly<Record<string, Rule["then"]>> = {
  accept: { do: "accept" },
  drop: { do: "drop" },
  reject: { do: "drop" },
  return: { do: "return" },
};
/** Statements that change nothing about what matches. */
const HARMLESS = new Set(["counter", "log", "mangle", "notrack", "continue"]);

const StateMap = z.object({
  key: z.object({ ct: z.object({ key: z.literal("state") }) }),
  data: z.object({ set: z.array(z.tuple([z.string(), z.record(z.string(), z.unknown())])) }),
});

/** A verdict map is followed for the state of a connection only. */
function verdictOfMap(value: unknown): Rule["then"] {
  const map = StateMap.safeParse(value);
  if (!map.success) {
    return { do: "unknown" };
  }
  const verdict = map.data.data.set.find(([state]) => state === "new")?.[1];
  return verdict === undefined ? { do: "next" } : (VERDICTS[Object.keys(verdict)[0] ?? ""] ?? { do: "unknown" });
}

const Match = z.object({ op: z.string(), left: z.record(z.string(), z.unknown()), right: z.unknown() });
const Field = z.object({ protocol: z.string().optional(), field: z.string().optional(), key: z.string().optional() });

function applyMatch(rule: Rule, value: unknown, setOf: SetOf): void {
  const match = Match.safeParse(value);
  const [kind = "", left] = match.success ? (Object.entries(match.data.left)[0] ?? []) : [];
  const field = Field.safeParse(left);
  if (!match.success || !field.success || !["==", "!=", "in"].includes(match.data.op)) {
    rule.vague = true;
    return;
  }
  const not = match.data.op === "!=";
  const entries = entriesOf(match.data.right, setOf);
  const what =
    kind === "payload" ? `${field.data.protocol ?? ""} ${field.data.field ?? ""}` : `${kind} ${field.data.key ?? ""}`;
  const apply = FIELDS[what];
  if (entries === null || apply === undefined || !apply(rule, entries, not)) {
    rule.vague = true;
  }
}

/** The values on the right side of a match; null = a set that is not in the listing. */
function entriesOf(right: unknown, setOf: SetOf): readonly unknown[] | null {
  if (typeof right === "string" && right.startsWith("@")) {
    return setOf(right) ?? null;
  }
  if (Array.isArray(right)) {
    return right as unknown[];
  }
  const set = z.object({ set: z.array(z.unknown()) }).safeParse(right);
  return set.success ? set.data.set : [right];
}

const texts = (entries: readonly unknown[]): string[] | null =>
  entries.every((entry) => typeof entry === "string" || typeof entry === "number") ? entries.map(String) : null;

const Prefix = z.object({ prefix: z.object({ addr: z.string(), len: z.number() }) });

function networks(entries: readonly unknown[]): string[] | null {
  const found = entries.map((entry) => {
    const prefix = Prefix.safeParse(entry);
    const text = prefix.success ? `${prefix.data.prefix.addr}/${prefix.data.prefix.len}` : entry;
    return typeof text === "string" && isIP(text.split("/")[0] ?? "") !== 0 ? canonicalNetwork(text) : null;
  });
  return found.every((network) => network !== null) ? found : null;
}

const PortRange = z.object({ range: z.tuple([z.number(), z.number()]) });

function portRanges(entries: readonly unknown[]): [number, number][] | null {
  const found = entries.map((entry): [number, number] | null => {
    const range = PortRange.safeParse(entry);
    return range.success ? range.data.range : typeof entry === "number" ? [entry, entry] : null;
  });
  return found.every((range) => range !== null) ? found : null;
}

type Apply = (rule: Rule, entries: readonly unknown[], not: boolean) => boolean;

const address =
  (key: "from" | "to", family: Family): Apply =>
  (rule, entries, not) => {
    const found = networks(entries);
    rule.families = [family];
    if (found === null || found.some((network) => isIPv4(network.split("/")[0] ?? "") !== (family === "v4"))) {
      return false;
    }
    rule[key] = { networks: found, not };
    return true;
  };
const port =
  (protocol: string): Apply =>
  (rule, entries, not) => {
    const ranges = portRanges(entries);
    rule.protocol = { names: [protocol], not: false };
    if (ranges === null) {
      return false;
    }
    rule.ports = { ranges, not };
    return true;
  };
const listOf =
  (set: (rule: Rule, names: string[], not: boolean) => void): Apply =>
  (rule, entries, not) => {
    const names = texts(entries);
    if (names !== null) {
      set(rule, names, not);
    }
    return names !== null;
  };
const protocol = listOf((rule, names, not) => (rule.protocol = { names, not }));
const by = listOf((rule, names, not) => (rule.by = { names, not }));
const out = listOf((rule, names, not) => (rule.out = { names, not }));
const family: Apply = (rule, entries, not) => {
  const names = texts(entries)?.map((name): Family => (name === "ipv6" ? "v6" : "v4"));
  if (names !== undefined) {
    rule.families = (["v4", "v6"] as const).filter((known) => names.includes(known) !== not);
  }
  return names !== undefined;
};
const states: Apply = (rule, entries, not) => {
  const names = texts(entries);
  if (names !== null && !not) {
    rule.states = names;
  }
  return names !== null && !not;
};

const FIELDS: Readonly<Record<string, Apply>> = {
  "ip saddr": address("from", "v4"),
  "ip6 saddr": address("from", "v6"),
  "ip daddr": address("to", "v4"),
  "ip6 daddr": address("to", "v6"),
  "tcp dport": port("tcp"),
  "udp dport": port("udp"),
  "th dport": (rule, entries, not) => {
    const ranges = portRanges(entries);
    if (ranges !== null) {
      rule.ports = { ranges, not };
    }
    return ranges !== null;
  },
  "ip protocol": protocol,
  "ip6 nexthdr": protocol,
  "meta l4proto": protocol,
  "meta nfproto": family,
  "meta iifname": by,
  "meta iif": by,
  "meta oifname": out,
  "meta oif": out,
  "ct state": states,
};
