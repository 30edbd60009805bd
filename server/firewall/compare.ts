/** Whether the machine's rules do what the configuration asks: a few packets are sent through the model of the rules. Pure. */
import { fateOf, firstAddress, outsiderOf, type Fate, type Packet, type Table } from "#server/firewall/ruleset.ts";
import type { MachineRules } from "#server/firewall/read-rules.ts";
import { BRIDGE } from "#server/firewall/rules.ts";
import {
  FAMILIES,
  type Family,
  type FirewallComparison,
  type FirewallDisagreement,
  type FirewallIntent,
} from "#server/firewall/schema.ts";

const COMMAND = "openclaw security firewall";
const OUTSIDE = "eth0";
/** A port that nobody listens on: whether it is closed tells the default. */
const OTHER_PORT = 9;
const VERSION_NAME: Record<Family, string> = { v4: "IPv4", v6: "IPv6" };

/** `reach: "loopback"` asks for no firewall: then only the default towards others is judged, as advice. */
export function compareFirewall(intent: FirewallIntent, machine: MachineRules): FirewallComparison {
  const disagreements: FirewallDisagreement[] = [];
  const unknown = [...machine.problems];
  for (const family of FAMILIES) {
    const tables = machine[family];
    if (tables === null) {
      unknown.push(`${VERSION_NAME[family]}: the rules cannot be read; run it as root to compare them`);
    } else {
      compareFamily({ intent, family, tables, disagreements, unknown });
    }
  }
  return {
    verdict: disagreements.some(({ severity }) => severity !== "info")
      ? "disagrees"
      : unknown.length > 0
        ? "unknown"
        : "agrees",
    disagreements,
    unknown,
  };
}

interface FamilyComparison {
  intent: FirewallIntent;
  family: Family;
  tables: readonly Table[];
  disagreements: FirewallDisagreement[];
  unknown: string[];
}

function compareFamily(comparison: FamilyComparison): void {
  const { intent, family, tables, disagreements, unknown } = comparison;
  const { listensOn, sources } = intent[family];
  const name = VERSION_NAME[family];
  const severity = intent.reach === "loopback" ? "info" : "warn";
  if (listensOn === null && intent.reach === "outside") {
    return;
  }
  const outsider = outsiderOf(family, sources ?? []);
  const ask = (from: string, port: number): Fate =>
    fateOf(tables, "input", { family, from, to: listensOn === "any" ? null : listensOn, port, by: OUTSIDE });
  const says = (from: string, port: number, fate: Fate): string =>
    `A new ${name} connection from ${from} to port ${port} would be ${fate === "accept" ? "let in" : "refused"}.`;

  if (!tables.some((table) => [...table.values()].some(({ base, rules }) => isWall(base, rules.length)))) {
    disagreements.push({
      id: "no_firewall",
      severity,
      title: `No firewall rules for ${name}`,
      evidence: `Nothing on this machine filters incoming ${name} packets.`,
      fix: COMMAND,
    });
  } else {
    const other = outsider === null ? "drop" : ask(outsider, OTHER_PORT);
    if (other === "accept" && outsider !== null) {
      disagreements.push({
        id: "inbound_open",
        severity,
        title: `Incoming ${name} connections are let in by default`,
        evidence: says(outsider, OTHER_PORT, other),
        fix: COMMAND,
      });
    }
  }
  if (intent.reach === "outside") {
    if (sources !== null && outsider !== null) {
      const fate = ask(outsider, intent.port);
      if (fate === "accept") {
        disagreements.push({
          id: "port_open_to_others",
          severity: "warn",
          title: `Port ${intent.port} is open to addresses that the configuration does not allow`,
          evidence: says(outsider, intent.port, fate),
          fix: COMMAND,
        });
      } else if (fate === "unknown") {
        unknown.push(`${name}: a rule about port ${intent.port} cannot be judged`);
      }
    }
    compareOpenings(comparison, ask, says);
  }
  compareEgress(comparison);
}

const isWall = (base: { hook: string; policy: string } | null, rules: number): boolean =>
  base?.hook === "input" && (base.policy === "drop" || rules > 0);

const MAX_SOURCES = 200;

function compareOpenings(
  { intent, family, disagreements, unknown }: FamilyComparison,
  ask: (from: string, port: number) => Fate,
  says: (from: string, port: number, fate: Fate) => string,
): void {
  const { sources } = intent[family];
  const anybody = outsiderOf(family, []);
  const asked =
    sources === null ? (anybody === null ? [] : [anybody]) : sources.slice(0, MAX_SOURCES).map(firstAddress);
  const closed = asked.find((from) => ask(from, intent.port) === "drop");
  if (closed !== undefined) {
    disagreements.push({
      id: "port_closed",
      severity: "warn",
      title: `Port ${intent.port} is closed to addresses that the configuration allows`,
      evidence: says(closed, intent.port, "drop"),
      fix: COMMAND,
    });
  } else if (asked.some((from) => ask(from, intent.port) === "unknown")) {
    unknown.push(`${VERSION_NAME[family]}: a rule about port ${intent.port} cannot be judged`);
  }
}

function compareEgress({ family, tables, disagreements }: FamilyComparison): void {
  const from = family === "v4" ? "172.17.0.2" : "fd00:17::2";
  const packet: Packet = {
    family,
    from,
    to: family === "v4" ? "203.0.113.77" : "2001:db8::77",
    port: 443,
    by: BRIDGE,
    out: OUTSIDE,
  };
  // Without Docker's chains there is no bridge to speak of.
  if (tables.some((table) => table.has("DOCKER-USER")) && fateOf(tables, "forward", packet) === "accept") {
    disagreements.push({
      id: "containers_reach_out",
      severity: "info",
      title: "Containers on Docker's own bridge can open connections to the outside",
      evidence: `A new ${VERSION_NAME[family]} connection from ${BRIDGE} to the outside would be let through. Sandbox containers have no network; this is a second line behind it.`,
      fix: COMMAND,
    });
  }
}
