/** The gateway's own certificate, and what weakens TLS around it. */
import { checksOf, type Check, type Hit } from "#server/scan/check.ts";
import type { CertificateFacts } from "#server/scan/facts/sources.ts";
import type { ScanSeverity } from "#server/scan/policy.ts";

const RSA_BITS = 2048;
const CURVE_BITS = 256;
/** What browsers accept of public authorities at most. */
const LONG_DAYS = 398;
const RENEW = "Put a renewed certificate and its key in place; the running gateway takes them up.";

const atCertificate = ({ file }: CertificateFacts, evidence: string, fix: string): Hit => ({
  subject: "gateway.tls.cert",
  path: ["gateway", "tls", "cert"],
  evidence: `${file}: ${evidence}`,
  fix,
});

/** Those that the start and every look at the files give as well. */
const WARNINGS: readonly [code: string, severity: ScanSeverity, title: string, why: string][] = [
  ["expired", "critical", "The certificate has expired", "Clients refuse it, or get used to clicking warnings away."],
  ["expires_soon", "warn", "The certificate expires soon", "From that day on clients refuse the gateway."],
  [
    "not_yet_valid",
    "warn",
    "The certificate is not valid yet",
    "Clients refuse it; or the clock of this machine is wrong.",
  ],
  [
    "host_not_covered",
    "warn",
    "The certificate is not for the name the console is opened under",
    "Browsers warn, and people get used to it.",
  ],
  [
    "key_readable",
    "critical",
    "Other accounts can read the key of the certificate",
    "They can pretend to be this gateway.",
  ],
];

export const TLS_CHECKS: readonly Check[] = [
  ...checksOf(
    "tls",
    ["certificate"],
    WARNINGS.map(([code, severity, title, why]) => ({
      id: `tls.${code}`,
      severity,
      title,
      why,
      run: ({ certificate }: { certificate: CertificateFacts | null }) =>
        (certificate?.warnings ?? [])
          .filter((warning) => warning.code === code)
          .map(({ part, reason, fix }) => ({
            subject: `gateway.tls.${part}`,
            path: ["gateway", "tls", part],
            evidence: `gateway.tls.${part} ${reason}.`,
            fix,
          })),
    })),
  ),
  ...checksOf(
    "tls",
    ["certificate"],
    [
      {
        id: "tls.weak_key",
        severity: "critical",
        title: "The key of the certificate is too weak",
        why: "It can be worked out from the certificate, which everybody gets.",
        run: ({ certificate }) => {
          if (certificate === null || certificate.keyBits === null) {
            return [];
          }
          const { keyType, keyBits } = certificate;
          const needed = keyType === "ec" ? CURVE_BITS : RSA_BITS;
          return keyBits < needed
            ? [
                atCertificate(
                  certificate,
                  `the key is ${keyType.toUpperCase()} with ${keyBits} bits.`,
                  `Make a key of ${needed} bits or more and have it certified.`,
                ),
              ]
            : [];
        },
      },
      {
        id: "tls.weak_signature",
        severity: "warn",
        title: "The certificate is signed with a broken hash",
        why: "Another certificate with the same signature can be made.",
        run: ({ certificate }) =>
          certificate !== null && /sha1|md5|md4|md2/i.test(certificate.signature ?? "")
            ? [
                atCertificate(
                  certificate,
                  `the signature is ${certificate.signature ?? ""}.`,
                  "Have it signed with SHA-256 or better.",
                ),
              ]
            : [],
      },
      {
        id: "tls.self_signed",
        severity: "info",
        title: "The certificate vouches for itself",
        why: "Clients have to be told to trust it, and who trusts any certificate trusts an attacker's too.",
        run: ({ certificate }) =>
          certificate?.selfSigned === true
            ? [
                atCertificate(
                  certificate,
                  "issuer and subject are the same.",
                  "Use a certificate of your own authority or a public one.",
                ),
              ]
            : [],
      },
      {
        id: "tls.no_names",
        severity: "warn",
        title: "The certificate names no host",
        why: "Browsers look at its alternative names only and refuse it.",
        run: ({ certificate }) =>
          certificate !== null && !certificate.hasNames
            ? [atCertificate(certificate, "it has no subjectAltName.", "Have one made with the gateway's host names.")]
            : [],
      },
      {
        id: "tls.long_lived",
        severity: "info",
        title: "The certificate lives very long",
        why: "A stolen key stays useful for all that time.",
        run: ({ certificate }) =>
          certificate !== null && !certificate.selfSigned && certificate.validDays > LONG_DAYS
            ? [atCertificate(certificate, `it is valid for ${certificate.validDays} days.`, RENEW)]
            : [],
      },
    ],
  ),
  ...checksOf(
    "tls",
    ["machine"],
    [
      {
        id: "tls.minimum_lowered",
        severity: "critical",
        title: "Old versions of TLS are allowed",
        why: "TLS 1.0 and 1.1 are broken; the gateway itself asks for 1.2.",
        run: ({ machine: { variables } }) => {
          const options = variables.get("NODE_OPTIONS") ?? "";
          return /--tls-min-v1\.[01]|--tls-max-v1\.[01]|--openssl-legacy-provider/.test(options)
            ? [
                {
                  subject: "NODE_OPTIONS",
                  evidence: `NODE_OPTIONS is "${options}".`,
                  fix: "Take the option out of the environment the gateway is started with.",
                  command: "unset NODE_OPTIONS",
                },
              ]
            : [];
        },
      },
      {
        id: "tls.key_log",
        severity: "critical",
        title: "Session keys of TLS are written to a file",
        why: "Whoever has that file and the traffic reads everything.",
        run: ({ machine: { variables } }) => {
          const file = variables.get("SSLKEYLOGFILE");
          const option = /--tls-keylog=?\s*(\S+)/.exec(variables.get("NODE_OPTIONS") ?? "")?.[1];
          return file === undefined && option === undefined
            ? []
            : [
                {
                  subject: file === undefined ? "NODE_OPTIONS" : "SSLKEYLOGFILE",
                  evidence: `Keys go to ${file ?? option ?? ""}.`,
                  fix: "Take it out of the environment, and remove the file.",
                  command: "unset SSLKEYLOGFILE",
                },
              ];
        },
      },
    ],
  ),
];
