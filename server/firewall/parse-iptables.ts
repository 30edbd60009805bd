/** `iptables-save` → the model of `ruleset.ts`. Pure; what it does not know makes a rule vague, never absent. */
import { canonicalNetwork } from "#server/firewall/intent.ts";
import type { Chain, Rule, Table } from "#server/firewall/ruleset.ts";

/** The filter table; null when the text holds none. */
export function parseIptables(text: string): Table | null {
  const chains = new Map<string, { rules: Rule[]; base: Chain["base"] }>();
  let inFilter = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("*")) {
      inFilter = line.trim() === "*filter";
    } else if (inFilter && line.startsWith(":")) {
      const [name = "", policy = "-"] = line.slice(1).split(" ");
      chains.set(name, { rules: [], base: baseOf(name, policy) });
    } else if (inFilter && line.startsWith("-A ")) {
      const [, name = "", ...words] = splitWords(line);
      chains.get(name)?.rules.push(parseRule(words));
    }
  }
  return chains.size === 0 ? null : chains;
}

function baseOf(name: string, policy: string): Chain["base"] {
  const hook = name === "INPUT" ? "input" : name === "FORWARD" ? "forward" : null;
  return hook === null ? null : { hook, policy: policy === "DROP" ? "drop" : "accept" };
}

/** Words as a shell would split them: comments stand in double quotes. */
function splitWords(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? "");
}

const TARGETS: Readonly<Record<string, Rule["then"]>> = {
  ACCEPT: { do: "accept" },
  DROP: { do: "drop" },
  REJECT: { do: "drop" },
  RETURN: { do: "return" },
  LOG: { do: "next" },
  NFLOG: { do: "next" },
  MARK: { do: "next" },
  CONNMARK: { do: "next" },
};

function parseRule(words: readonly string[]): Rule {
  const rule: Rule = { then: { do: "next" } };
  let not = false;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (word === "!") {
      not = true;
      continue;
    }
    const known = OPTIONS[word];
    if (known === undefined) {
      // An option or the value of one that is not known.
      rule.vague = true;
    } else {
      at += 1;
      known(rule, words[at] ?? "", not);
    }
    not = false;
    if (word === "-j") {
      // What follows a target are its own options: they change nothing about what matches.
      break;
    }
  }
  return rule;
}

const network = (rule: Rule, key: "from" | "to", value: string, not: boolean): void => {
  try {
    rule[key] = { networks: [canonicalNetwork(value)], not };
  } catch {
    rule.vague = true;
  }
};
const ports = (rule: Rule, value: string, not: boolean): void => {
  const ranges = value.split(",").map((part): [number, number] => {
    const [low = "", high = low] = part.split(":");
    return [Number(low), Number(high)];
  });
  if (ranges.some((range) => range.some((port) => !Number.isInteger(port)))) {
    rule.vague = true;
  } else {
    rule.ports = { ranges, not };
  }
};
const states = (rule: Rule, value: string, not: boolean): void => {
  if (not) {
    rule.vague = true;
  } else {
    rule.states = value.split(",");
  }
};

/** Each takes one value. */
const OPTIONS: Readonly<Record<string, (rule: Rule, value: string, not: boolean) => void>> = {
  "-s": (rule, value, not) => network(rule, "from", value, not),
  "-d": (rule, value, not) => network(rule, "to", value, not),
  "-i": (rule, value, not) => void (rule.by = { names: [value], not }),
  "-o": (rule, value, not) => void (rule.out = { names: [value], not }),
  "-p": (rule, value, not) => void (rule.protocol = { names: [value], not }),
  "--dport": (rule, value, not) => ports(rule, value, not),
  "--dports": (rule, value, not) => ports(rule, value, not),
  "--ctstate": (rule, value, not) => states(rule, value, not),
  "--state": (rule, value, not) => states(rule, value, not),
  "--comment": () => undefined,
  // The name of a match; its options decide.
  "-m": (rule, value) => {
    if (!["tcp", "udp", "conntrack", "state", "comment", "multiport"].includes(value)) {
      rule.vague = true;
    }
  },
  "-j": (rule, value) => void (rule.then = TARGETS[value] ?? { do: "jump", chain: value }),
  "-g": (rule, value) => void (rule.then = { do: "goto", chain: value }),
};
