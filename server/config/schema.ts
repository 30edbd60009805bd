/** The one schema of the configuration file. Browser-safe. Unknown keys are errors at every level. */
import { z } from "zod";
import { Agents, Models } from "#server/config/schema/agents.ts";
import { Channels } from "#server/config/schema/channels.ts";
import { Gateway } from "#server/config/schema/gateway.ts";
import { Logging } from "#server/config/schema/logging.ts";
import { ApiKeys, Authentication, Authorization, KeyRotation } from "#server/config/schema/security-access.ts";
import { Encryption, Storage } from "#server/config/schema/security-data.ts";
import { RateLimit } from "#server/config/schema/security-limits.ts";
import { Incident } from "#server/config/schema/security-incident.ts";
import { Monitoring } from "#server/config/schema/security-monitoring.ts";
import { Outbound } from "#server/config/schema/security-outbound.ts";
import { FileSystem, Sandboxing } from "#server/config/schema/security-sandbox.ts";
import { Maintenance, Vulnerabilities } from "#server/config/schema/security-upkeep.ts";

const Security = z
  .strictObject({
    apiKeys: ApiKeys,
    keyRotation: KeyRotation,
    authentication: Authentication,
    authorization: Authorization,
    sandboxing: Sandboxing,
    fileSystem: FileSystem,
    encryption: Encryption,
    storage: Storage,
    rateLimit: RateLimit,
    outbound: Outbound,
    monitoring: Monitoring,
    incident: Incident,
    maintenance: Maintenance,
    vulnerabilities: Vulnerabilities,
  })
  .prefault({})
  .describe("Credentials, rights, isolation, data protection, limits and monitoring.");

export const ConfigSchema = z.strictObject({
  gateway: Gateway,
  security: Security,
  channels: Channels,
  models: Models,
  agents: Agents,
  logging: Logging,
});

/** A configuration in the units the code uses (milliseconds, bytes, cores, modes), every default filled in, `${NAME}` still unexpanded. */
export type Config = z.output<typeof ConfigSchema>;
