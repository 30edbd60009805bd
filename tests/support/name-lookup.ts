/** What names resolve to in a test, which puts it in the place of the system's resolver with `vi.mock("node:dns/promises", …)`. */
import type * as dns from "node:dns/promises";
import { isIP } from "node:net";

interface ResolvedAddress {
  address: string;
  family: number;
}

/** Answers by name, one look-up after the other; the last stays. */
const answers = new Map<string, string[][]>();

/** @param lookups the addresses of each look-up */
export function resolveTo(name: string, ...lookups: string[][]): void {
  answers.set(name, lookups);
}

/** The module, with look-ups of the test's names answered by the test; others go to the real resolver. */
export async function mockedLookup(actual: () => Promise<object>): Promise<object> {
  const module = (await actual()) as typeof dns;
  const lookup = async (name: string, options: { all: true }): Promise<ResolvedAddress[]> => {
    const scripted = answers.get(name);
    if (scripted === undefined) {
      return module.lookup(name, options);
    }
    const addresses = (scripted.length > 1 ? scripted.shift() : scripted[0]) ?? [];
    return addresses.map((address) => ({ address, family: isIP(address) }));
  };
  return { ...module, default: { ...module, lookup }, lookup };
}
