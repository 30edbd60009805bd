/** What any key can be about, and what no other row names. */
import { row, type Row } from "#server/scan/checks/problem-rows/row.ts";

/** Recognised by their reason, whatever key they are about: these come first. */
export const REASON_ROWS: readonly Row[] = [
  row(
    "network.metadata_address",
    "network",
    "critical",
    "A setting leads to a metadata service",
    "Such addresses hand out the machine's cloud credentials to whoever asks.",
    /./,
    { reason: /never connects to/ },
  ),
  row(
    "configuration.secret_undecryptable",
    "configuration",
    "critical",
    "An encrypted value cannot be decrypted",
    "It was changed, moved, or belongs to another keyring; what needs it does not work.",
    /./,
    { reason: /cannot be decrypted|nothing decrypts|is encrypted, while/ },
  ),
];

/** These come last. */
export const GENERAL_ROWS: readonly Row[] = [
  row(
    "network.outbound_entry",
    "network",
    "critical",
    "An exception for outgoing connections is not valid",
    "It opens what must stay closed, or nothing.",
    /^security\.outbound\.allowedPrivate/,
  ),
  row(
    "configuration.unreadable",
    "configuration",
    "critical",
    "The configuration cannot be read",
    "The gateway does not start with it; a running one goes on with an older one.",
    /^$/,
    { of: "error" },
  ),
  row(
    "configuration.invalid",
    "configuration",
    "critical",
    "A setting is not valid",
    "The gateway does not start with it; a running one goes on with an older one.",
    /./,
    { of: "error" },
  ),
  row("configuration.warning", "configuration", "info", "A setting has a drawback", "See the evidence.", /./),
];
