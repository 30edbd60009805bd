/** Words of the firewall. Browser-safe. */
export const FIREWALL_FORMATS = ["ufw", "nftables", "iptables"] as const;
export type FirewallFormat = (typeof FIREWALL_FORMATS)[number];

export const FAMILIES = ["v4", "v6"] as const;
export type Family = (typeof FAMILIES)[number];

/** Which packets of a family the gateway means to take. */
export interface FamilyIntent {
  /** Where it listens: `"any"` address of the machine, one address, or null = not in this family. */
  listensOn: string | null;
  /** Networks that may connect, in CIDR form; null = everybody. */
  sources: readonly string[] | null;
}

/** What a configuration asks of the machine's firewall. Everything in it is a number or an address, nothing free text. */
export interface FirewallIntent {
  port: number;
  /** Whether others than this machine reach the port at all. */
  reach: "loopback" | "outside";
  tls: boolean;
  v4: FamilyIntent;
  v6: FamilyIntent;
  /** Paths of the configuration it follows from, with what they say, for comments and findings. */
  because: readonly string[];
  /** What whoever reads the rules should know. */
  notes: readonly string[];
}

/** Something in which the machine's rules and the configuration disagree. */
export interface FirewallDisagreement {
  id: "no_firewall" | "inbound_open" | "port_open_to_others" | "port_closed" | "containers_reach_out";
  severity: "critical" | "warn" | "info";
  title: string;
  /** What was asked of the rules and what they answer. */
  evidence: string;
  fix: string;
}

export interface FirewallComparison {
  /** `unknown`: the rules could not be read, or hold what cannot be judged; never taken for agreement. */
  verdict: "agrees" | "disagrees" | "unknown";
  disagreements: readonly FirewallDisagreement[];
  /** What could not be judged, and why. */
  unknown: readonly string[];
}
