/** The packages and the Node that the product is made of. */
import { checksOf, type Check } from "#server/scan/check.ts";
import { few } from "#server/scan/shown.ts";

const MAX_LISTED = 20;

export const DEPENDENCY_CHECKS: readonly Check[] = [
  ...checksOf(
    "dependencies",
    ["machine", "dependencies"],
    [
      {
        id: "dependencies.node_old",
        severity: "warn",
        title: "Node is older than the product needs",
        why: "Flaws that are found in it are not corrected any more.",
        run: ({ machine: { node }, dependencies: { nodeNeeded } }) =>
          Number(node.split(".")[0]) < nodeNeeded
            ? [
                {
                  subject: "node",
                  evidence: `Node is ${node}.`,
                  fix: `Use ${nodeNeeded} or later; npm start brings one along.`,
                  command: "npm start",
                },
              ]
            : [],
      },
    ],
  ),
  ...checksOf(
    "dependencies",
    ["dependencies"],
    [
      {
        id: "dependencies.lock_missing",
        severity: "warn",
        title: "The lockfile is missing",
        why: "Nothing says which packages belong here; the next installation takes what is new.",
        run: ({ dependencies: { hasLock, lockFile } }) =>
          hasLock
            ? []
            : [
                {
                  subject: lockFile,
                  file: lockFile,
                  evidence: `There is no ${lockFile}.`,
                  fix: "Restore it from the repository of the product.",
                },
              ],
      },
      {
        id: "dependencies.no_hash",
        severity: "critical",
        title: "A package is locked without its hash",
        why: "Whoever controls the registry or the way to it can put another in its place.",
        run: ({ dependencies: { withoutHash, lockFile } }) =>
          withoutHash.length === 0
            ? []
            : [
                {
                  subject: lockFile,
                  file: lockFile,
                  evidence: `Without a hash: ${few(withoutHash)}.`,
                  fix: "Restore the lockfile from the repository of the product.",
                },
              ],
      },
      {
        id: "dependencies.insecure_source",
        severity: "critical",
        title: "A package comes from an insecure place",
        why: "Plain HTTP and branches of a repository give whatever is there today.",
        run: ({ dependencies: { insecure, lockFile } }) =>
          insecure.length === 0
            ? []
            : [
                {
                  subject: lockFile,
                  file: lockFile,
                  evidence: `Not over https: ${few(insecure)}.`,
                  fix: "Restore the lockfile from the repository of the product.",
                },
              ],
      },
      {
        id: "dependencies.drift",
        severity: "warn",
        title: "Other packages are installed than are locked",
        why: "Somebody changed the installation by hand.",
        run: ({ dependencies: { drifted } }) =>
          drifted.slice(0, MAX_LISTED).map(({ name, locked, installed }) => ({
            subject: name,
            evidence: `${name} is ${installed}; locked is ${locked}.`,
            fix: "Install what is locked.",
            command: "npm ci",
          })),
      },
      {
        id: "dependencies.vulnerable",
        severity: "critical",
        title: "A package with a known flaw is installed",
        why: "How to use it is public.",
        run: ({ dependencies: { vulnerable } }) =>
          vulnerable.map(({ name, installed, needed, advisory }) => ({
            subject: name,
            evidence: `${name} is ${installed} (${advisory}).`,
            fix: `Update the product; ${needed} or later is needed.`,
            command: "openclaw security check-vulnerabilities",
          })),
      },
    ],
  ),
];
