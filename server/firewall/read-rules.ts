/** Reads the machine's own packet filter, where that is allowed: it mostly takes root. Changes nothing. */
import { execFile } from "node:child_process";
import { childEnvironment } from "#server/core/env.ts";
import { hasErrorCode } from "#server/core/errors.ts";
import { parseIptables } from "#server/firewall/parse-iptables.ts";
import { parseNftables } from "#server/firewall/parse-nftables.ts";
import type { Table } from "#server/firewall/ruleset.ts";
import type { Family } from "#server/firewall/schema.ts";

export interface MachineRules {
  /** Tables by family; null = not readable. */
  v4: readonly Table[] | null;
  v6: readonly Table[] | null;
  /** Programs that told something. */
  readBy: readonly string[];
  /** Why something could not be read. */
  problems: readonly string[];
  /** What `ufw status` says; null = not installed or not readable. */
  ufw: "active" | "inactive" | null;
}

type Said = { text: string } | { problem: string | null };

const LIMIT_MS = 5_000;
const MAX_BYTES = 16 * 1024 * 1024;
/** Where these programs live; the caller's PATH mostly leaves them out. */
const PATH = "/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin";

type Ask = (program: string, args: readonly string[]) => Promise<Said>;

/** Without a shell, with a time limit. `problem: null` = there is no such program. */
const askProgram: Ask = (program, args) =>
  new Promise((resolve) => {
    execFile(
      program,
      [...args],
      { timeout: LIMIT_MS, maxBuffer: MAX_BYTES, env: childEnvironment({ PATH, LC_ALL: "C" }, { bare: true }) },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve({ text: stdout });
        } else if (hasErrorCode(error, "ENOENT")) {
          resolve({ problem: null });
        } else {
          const why = stderr.split("\n")[0]?.trim() ?? "";
          resolve({ problem: `${program}: ${why === "" ? "failed" : why.slice(0, 200)}` });
        }
      },
    );
  });

/** @param ask how a program is asked; default: it is run */
export async function readMachineRules(ask: Ask = askProgram): Promise<MachineRules> {
  const [nft, v4, v6, ufw] = await Promise.all([
    ask("nft", ["-j", "list", "ruleset"]),
    ask("iptables-save", []),
    ask("ip6tables-save", []),
    ask("ufw", ["status"]),
  ]);
  const problems = [nft, v4, v6, ufw].flatMap((said) =>
    "problem" in said && said.problem !== null ? [said.problem] : [],
  );
  const native = readNative(nft, problems);
  const tablesOf = (family: Family, saved: Said): Table[] | null => {
    const known = "text" in saved;
    if (native === null && !known) {
      return null;
    }
    const own = (native ?? [])
      // iptables on top of nftables lists its tables in both; its own listing says more.
      .filter(({ family: of, name }) => !known || name !== "filter" || of !== (family === "v4" ? "ip" : "ip6"))
      .map(({ table }) => table);
    const table = known ? parseIptables(saved.text) : null;
    return table === null ? own : [...own, table];
  };
  const told: [string, Said][] = [
    ["nft", nft],
    ["iptables-save", v4],
    ["ip6tables-save", v6],
    ["ufw", ufw],
  ];
  return {
    v4: tablesOf("v4", v4),
    v6: tablesOf("v6", v6),
    readBy: told.flatMap(([program, said]) => ("text" in said ? [program] : [])),
    problems: problems.length === 0 && native === null && !("text" in v4) ? [NO_PROGRAM] : problems,
    ufw: "text" in ufw ? (/^Status: active/m.test(ufw.text) ? "active" : "inactive") : null,
  };
}

const NO_PROGRAM = "neither nft nor iptables-save is installed";

function readNative(nft: Said, problems: string[]): ReturnType<typeof parseNftables> | null {
  if (!("text" in nft)) {
    return null;
  }
  try {
    return nft.text.trim() === "" ? [] : parseNftables(nft.text);
  } catch {
    problems.push("nft: its listing is not in the expected form");
    return null;
  }
}
