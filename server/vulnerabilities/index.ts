/** Known vulnerabilities of what is installed. */
export { checkVulnerabilities } from "#server/vulnerabilities/check.ts";
export { imagePackages } from "#server/vulnerabilities/image-packages.ts";
export { installedDependencies, type InstalledPackage } from "#server/vulnerabilities/installed.ts";
export { parseRecords } from "#server/vulnerabilities/osv-record.ts";
export { lastVulnerabilityReport, storeVulnerabilityReport } from "#server/vulnerabilities/store.ts";
