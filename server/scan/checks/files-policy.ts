/** What agents may do with files. */
import { atKey, checksOf, setKey, type Check } from "#server/scan/check.ts";

const BASE = ["security", "fileSystem"] as const;
/** Everything, a whole home, or where secrets of the machine lie. */
const TOO_WIDE =
  /^(?:\/|~|~\/|\/home(?:\/[^/]+)?|\/root|\/etc|\/var|\/var\/(?:run|lib)|\/proc|\/sys|\/dev|\/usr|\/boot)\/?$/;
/** Denied unless somebody took them off the list. */
const DENIED = ["~/.ssh", "~/.aws", "/etc"];
const EXECUTABLE = new Set([
  ".exe",
  ".sh",
  ".bat",
  ".cmd",
  ".com",
  ".ps1",
  ".scr",
  ".msi",
  ".so",
  ".dll",
  ".dylib",
  ".jar",
  ".app",
  ".elf",
]);
const LARGE = 1024 ** 3;

const isWithin = (inner: string, outer: string): boolean => {
  const [left, right] = [inner, outer].map((path) => path.replace(/\/+$/, ""));
  return left === right || (left ?? "").startsWith(`${right ?? ""}/`);
};

export const FILE_POLICY_CHECKS: readonly Check[] = checksOf(
  "files-policy",
  ["configuration"],
  [
    {
      id: "files-policy.allowed_too_wide",
      severity: "critical",
      title: "Agents may touch a whole system or home",
      why: "Keys, passwords and settings lie there, and every later file as well.",
      run: ({ configuration: { config } }) =>
        config.security.fileSystem.allowedPaths.flatMap((path, index) =>
          TOO_WIDE.test(path)
            ? [
                atKey(
                  [...BASE, "allowedPaths", index],
                  `security.fileSystem.allowedPaths holds ${path}.`,
                  "Name the folders that agents work in.",
                ),
              ]
            : [],
        ),
    },
    {
      id: "files-policy.denied_shortened",
      severity: "warn",
      title: "Folders of secrets are not denied any more",
      why: "One wide entry in the allowed list opens them.",
      run: ({ configuration: { config, isWritten } }) => {
        const { deniedPaths } = config.security.fileSystem;
        const missing = DENIED.filter((path) => !deniedPaths.some((denied) => isWithin(path, denied)));
        return isWritten([...BASE, "deniedPaths"]) && missing.length > 0
          ? [
              atKey(
                [...BASE, "deniedPaths"],
                `security.fileSystem.deniedPaths leaves out ${missing.join(", ")}.`,
                "Add them.",
              ),
            ]
          : [];
      },
    },
    {
      id: "files-policy.allowed_shadowed",
      severity: "warn",
      title: "A folder is allowed and denied at once",
      why: "Denied wins, so that the line that allows it is wrong.",
      run: ({ configuration: { config } }) => {
        const { allowedPaths, deniedPaths } = config.security.fileSystem;
        return allowedPaths.flatMap((path, index) => {
          const denied = deniedPaths.find((other) => isWithin(path, other));
          return denied === undefined
            ? []
            : [
                atKey(
                  [...BASE, "allowedPaths", index],
                  `${path} lies within ${denied}, which is denied.`,
                  "Remove one of the two.",
                ),
              ];
        });
      },
    },
    {
      id: "files-policy.extension_shadowed",
      severity: "info",
      title: "An extension is allowed and denied at once",
      why: "Denied wins, so that the line that allows it is wrong.",
      run: ({ configuration: { config } }) => {
        const { allowedExtensions, deniedExtensions } = config.security.fileSystem.restrictions;
        return allowedExtensions.flatMap((extension, index) =>
          deniedExtensions.includes(extension)
            ? [
                atKey(
                  [...BASE, "restrictions", "allowedExtensions", index],
                  `${extension} is in both lists.`,
                  "Remove it from one of the two.",
                ),
              ]
            : [],
        );
      },
    },
    {
      id: "files-policy.any_extension",
      severity: "warn",
      title: "Files of every kind pass",
      why: "Whatever a program makes is kept and handed on.",
      run: ({ configuration: { config } }) =>
        config.security.fileSystem.restrictions.allowedExtensions.length === 0
          ? [
              atKey(
                [...BASE, "restrictions", "allowedExtensions"],
                "security.fileSystem.restrictions.allowedExtensions is empty, which means every one.",
                "List the extensions that are needed.",
                { command: setKey([...BASE, "restrictions", "allowedExtensions"], '[".txt",".py",".js",".md"]') },
              ),
            ]
          : [],
    },
    {
      id: "files-policy.executables_pass",
      severity: "warn",
      title: "Programs pass as files",
      why: "Somebody opens one on their own machine.",
      run: ({ configuration: { config } }) => {
        const { allowedExtensions, deniedExtensions } = config.security.fileSystem.restrictions;
        return allowedExtensions.flatMap((extension, index) =>
          EXECUTABLE.has(extension.toLowerCase()) && !deniedExtensions.includes(extension)
            ? [atKey([...BASE, "restrictions", "allowedExtensions", index], `${extension} is allowed.`, "Remove it.")]
            : [],
        );
      },
    },
    {
      id: "files-policy.large_files",
      severity: "info",
      title: "Very large files pass",
      why: "A few of them fill the disk that the database and the record are on.",
      run: ({ configuration: { config } }) =>
        config.security.fileSystem.restrictions.maxFileSize > LARGE
          ? [
              atKey(
                [...BASE, "restrictions", "maxFileSize"],
                `security.fileSystem.restrictions.maxFileSize is ${Math.round(config.security.fileSystem.restrictions.maxFileSize / 1024 ** 2)} MiB.`,
                "Use 10MB, or what is needed.",
                { command: setKey([...BASE, "restrictions", "maxFileSize"], "10MB") },
              ),
            ]
          : [],
    },
    {
      id: "files-policy.access_unrecorded",
      severity: "warn",
      title: "Access to files is not recorded",
      why: "What an agent read cannot be told afterwards.",
      run: ({ configuration: { config } }) =>
        config.security.fileSystem.monitoring.logFileAccess
          ? []
          : [
              atKey(
                [...BASE, "monitoring", "logFileAccess"],
                "security.fileSystem.monitoring.logFileAccess is false.",
                "Switch it on.",
                { command: setKey([...BASE, "monitoring", "logFileAccess"], "true") },
              ),
            ],
    },
    {
      id: "files-policy.quarantine_off",
      severity: "warn",
      title: "Suspicious files are not set aside",
      why: "They are kept among the others and handed on.",
      run: ({ configuration: { config } }) =>
        config.security.fileSystem.monitoring.quarantineSuspicious
          ? []
          : [
              atKey(
                [...BASE, "monitoring", "quarantineSuspicious"],
                "security.fileSystem.monitoring.quarantineSuspicious is false.",
                "Switch it on.",
                { command: setKey([...BASE, "monitoring", "quarantineSuspicious"], "true") },
              ),
            ],
    },
    {
      id: "files-policy.suspicious_untold",
      severity: "info",
      title: "Nobody is told of suspicious files",
      why: "They are set aside, and nobody looks why they came.",
      run: ({ configuration: { config } }) =>
        config.security.fileSystem.monitoring.alertOnSuspicious
          ? []
          : [
              atKey(
                [...BASE, "monitoring", "alertOnSuspicious"],
                "security.fileSystem.monitoring.alertOnSuspicious is false.",
                "Switch it on.",
                { command: setKey([...BASE, "monitoring", "alertOnSuspicious"], "true") },
              ),
            ],
    },
  ],
);
