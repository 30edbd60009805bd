/** `security.outbound`: where the server itself may connect to. */
import { z } from "zod";

/** What an entry means, and whether it may stand, is judged in `safety/outbound.ts`. */
const opened = z
  .string()
  .max(300)
  .regex(/^[A-Za-z0-9._:[\]/-]+$/, {
    error: 'must be a host such as "ollama" or "10.0.0.7:11434", or a range such as "192.168.1.0/24"',
  })
  .meta({ type: "host, host:port or CIDR" });

export const Outbound = z
  .strictObject({
    allowedPrivate: z
      .array(opened)
      .max(1000)
      .prefault([])
      .describe(
        "Hosts of your own network that providers, channels and the record's anchor may be on: `ollama`, `10.0.0.7:11434`, `192.168.1.0/24`. An address or `localhost` in a `baseUrl`, `apiBase` or `replyUrl` of this file is open without an entry, for its port. Link-local and metadata addresses are never reached.",
      ),
  })
  .prefault({})
  .describe("Connections that the server opens.");
