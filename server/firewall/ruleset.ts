/**
 * What a machine's packet filter does with one packet, in three values. Pure.
 * A rule that cannot be understood fully may match or not: then the answer is `unknown` unless it comes out the same either way.
 */
import { isIPv4 } from "node:net";
import { canonicalNetwork } from "#server/firewall/intent.ts";
import type { Family } from "#server/firewall/schema.ts";

export type Fate = "accept" | "drop" | "unknown";

/** A new TCP connection. */
export interface Packet {
  family: Family;
  from: string;
  /** The address of the machine that it goes to; null = some address of it. */
  to: string | null;
  port: number;
  /** The interface that it comes in by. */
  by: string;
  /** The interface that it leaves by, when it only passes through. */
  out?: string;
}

/** Undefined members match everything. */
export interface Rule {
  families?: readonly Family[];
  /** Networks; `not` turns them around. */
  from?: { networks: readonly string[]; not: boolean };
  to?: { networks: readonly string[]; not: boolean };
  /** Destination ports, first and last. */
  ports?: { ranges: readonly (readonly [number, number])[]; not: boolean };
  protocol?: { names: readonly string[]; not: boolean };
  /** States of the connection. */
  states?: readonly string[];
  /** An interface's name, `*` or `+` at its end for any rest. */
  by?: { names: readonly string[]; not: boolean };
  out?: { names: readonly string[]; not: boolean };
  /** There is a condition that is not understood: it may match or not. */
  vague?: boolean;
  then: { do: "accept" | "drop" | "return" | "next" | "unknown" } | { do: "jump" | "goto"; chain: string };
}

export interface Chain {
  rules: readonly Rule[];
  /** Set for chains that the kernel begins with. */
  base: { hook: "input" | "forward"; policy: "accept" | "drop" } | null;
}

/** Chains by name, of one table; each table and family of its own. */
export type Table = ReadonlyMap<string, Chain>;

/** All tables have to let a packet pass. */
export function fateOf(tables: readonly Table[], hook: "input" | "forward", packet: Packet): Fate {
  let fate: Fate = "accept";
  for (const table of tables) {
    for (const chain of table.values()) {
      if (chain.base?.hook !== hook) {
        continue;
      }
      const through = walk(table, chain, packet, 0);
      const answer = through === "return" ? chain.base.policy : through;
      if (answer === "drop") {
        return "drop";
      }
      fate = answer === "unknown" ? "unknown" : fate;
    }
  }
  return fate;
}

const MAX_DEPTH = 32;

function walk(table: Table, chain: Chain, packet: Packet, depth: number): Fate | "return" {
  /** What it could have come to already, at a rule that may have matched. */
  const possible = new Set<Fate | "return">();
  const settle = (answer: Fate | "return"): Fate | "return" => {
    possible.add(answer);
    return possible.size === 1 ? answer : "unknown";
  };
  for (const rule of chain.rules) {
    const match = matches(rule, packet);
    if (match === "no" || rule.then.do === "next") {
      continue;
    }
    const outcome = outcomeOf(table, rule, packet, depth);
    if (outcome === "continue") {
      continue;
    }
    if (match === "yes") {
      return settle(outcome);
    }
    possible.add(outcome);
  }
  return settle("return");
}

function outcomeOf(table: Table, { then }: Rule, packet: Packet, depth: number): Fate | "return" | "continue" {
  if (!("chain" in then)) {
    return then.do === "next" ? "continue" : then.do;
  }
  const target = table.get(then.chain);
  if (target === undefined || depth >= MAX_DEPTH) {
    return "unknown";
  }
  const answer = walk(table, target, packet, depth + 1);
  return answer === "return" && then.do === "jump" ? "continue" : answer;
}

type Match = "yes" | "no" | "maybe";

function matches(rule: Rule, packet: Packet): Match {
  const conditions: Match[] = [
    sure(rule.families === undefined || rule.families.includes(packet.family)),
    listed(rule.from, (networks) => sure(networks.some((network) => networkHolds(network, packet.from)))),
    listed(rule.to, (networks) =>
      packet.to === null
        ? wholeFamily(networks)
        : sure(networks.some((network) => networkHolds(network, packet.to ?? ""))),
    ),
    listed(rule.protocol, (names) => sure(names.some((name) => name === "tcp" || name === "all" || name === "6"))),
    rule.ports === undefined
      ? "yes"
      : turned(
          rule.ports.not,
          sure(rule.ports.ranges.some(([low, high]) => low <= packet.port && packet.port <= high)),
        ),
    sure(rule.states === undefined || rule.states.some((state) => state.toLowerCase() === "new")),
    listed(rule.by, (names) => sure(names.some((name) => interfaceIs(name, packet.by)))),
    listed(rule.out, (names) => sure(names.some((name) => interfaceIs(name, packet.out ?? "")))),
    rule.vague === true ? "maybe" : "yes",
  ];
  return conditions.includes("no") ? "no" : conditions.includes("maybe") ? "maybe" : "yes";
}

const sure = (is: boolean): Match => (is ? "yes" : "no");
const turned = (not: boolean, match: Match): Match =>
  !not || match === "maybe" ? match : match === "yes" ? "no" : "yes";
const wholeFamily = (networks: readonly string[]): Match =>
  networks.some((network) => network.endsWith("/0")) ? "yes" : "maybe";

function listed(
  condition: { networks: readonly string[]; not: boolean } | { names: readonly string[]; not: boolean } | undefined,
  check: (entries: readonly string[]) => Match,
): Match {
  if (condition === undefined) {
    return "yes";
  }
  return turned(condition.not, check("networks" in condition ? condition.networks : condition.names));
}

const interfaceIs = (pattern: string, name: string): boolean =>
  /[+*]$/.test(pattern) ? name.startsWith(pattern.slice(0, -1)) : pattern === name;

/** Whether `address` lies in `network`; ranges of the other family never hold it. */
export function networkHolds(network: string, address: string): boolean {
  const [base = "", bits = "0"] = network.split("/");
  if (isIPv4(base) !== isIPv4(address)) {
    return false;
  }
  return canonicalNetwork(`${address}/${bits}`) === `${spelled(base)}/${bits}`;
}

const spelled = (base: string): string => (isIPv4(base) ? base : canonicalNetwork(`${base}/128`).slice(0, -4));

/** The first address of a network, which stands for the rest of it. */
export const firstAddress = (network: string): string => network.slice(0, network.indexOf("/"));

/** An address that none of the networks holds, of those set aside for documentation first. */
export function outsiderOf(family: Family, networks: readonly string[]): string | null {
  const candidates = family === "v4" ? OUTSIDERS_V4 : OUTSIDERS_V6;
  return candidates.find((address) => !networks.some((network) => networkHolds(network, address))) ?? null;
}

const OUTSIDERS_V4 = ["203.0.113.77", "198.51.100.77", "192.0.2.77", "8.8.4.4", "100.64.9.9", "10.211.55.9"];
const OUTSIDERS_V6 = ["2001:db8::77", "2600:1f18::77", "fd00:77::77"];
