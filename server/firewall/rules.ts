/** What all three formats say in their own way. Pure. */
import { FAMILIES, type Family, type FirewallFormat, type FirewallIntent } from "#server/firewall/schema.ts";

export interface RuleOptions {
  /** The port of SSH, when it stays open; null = asked in a comment. */
  sshPort: number | null;
}

/** Docker's own bridge; the sandbox makes no other. */
export const BRIDGE = "docker0";

export const EXCEPT_SSH =
  "Do you administer this machine over SSH? Then remove the # below BEFORE you load this, or you lock yourself out.";

/** One opening: from these networks (null = all) to this address (null = all of the machine). */
export interface Opening {
  family: Family;
  to: string | null;
  from: readonly string[] | null;
}

/** The openings of the gateway's port; none when nobody outside may connect. */
export function familyRules(intent: FirewallIntent): Opening[] {
  return FAMILIES.flatMap((family): Opening[] => {
    const { listensOn, sources } = intent[family];
    if (listensOn === null || sources?.length === 0) {
      return [];
    }
    return [{ family, to: listensOn === "any" ? null : listensOn, from: sources }];
  });
}

/** Comment lines at the top: what it is, what it follows from, how to load it. */
export function header(intent: FirewallIntent, format: FirewallFormat, load: string): string {
  return [
    `Firewall rules that match the configuration of OpenClaw Gateway, for ${format}.`,
    `Read them, then load them as root:  openclaw security firewall --format ${format} > rules; sudo ${load} rules`,
    "",
    ...intent.because,
    ...intent.notes.flatMap((note) => ["", note]),
  ]
    .map((line) => `# ${line}`.trimEnd())
    .join("\n");
}
