/** The database that everything lies in. */
import { checksOf, type Check } from "#server/scan/check.ts";

const OLDEST_DATABASE = 14;
const SKEW_MS = 5_000;

export const DATABASE_CHECKS: readonly Check[] = [
  ...checksOf(
    "data",
    ["database"],
    [
      {
        id: "data.database_superuser",
        severity: "critical",
        title: "The web process has all rights of the database",
        why: "A flaw in it then changes the record and reads files of the database's machine.",
        run: ({ database: { superuser, bypassesRowSecurity } }) =>
          superuser || bypassesRowSecurity
            ? [
                {
                  subject: "database role",
                  evidence: superuser ? "Its role is a superuser." : "Its role bypasses row security.",
                  fix: "Give OPENCLAW_DATABASE_URL_APP a role of its own without these rights.",
                },
              ]
            : [],
      },
      {
        id: "data.record_changeable",
        severity: "critical",
        title: "The web process may change the record",
        why: "Whoever takes it over removes their traces.",
        run: ({ database: { recordPrivileges } }) =>
          recordPrivileges.map((held) => ({
            subject: held,
            evidence: `Its role has ${held}.`,
            fix: "Take the right away as the owner of the database.",
            command: `psql "$DATABASE_URL" -c "REVOKE ${held.split(" ")[0] ?? ""} ON ${held.split(" ").at(-1) ?? ""} FROM openclaw_app"`,
          })),
      },
      {
        id: "data.everybody_creates",
        severity: "warn",
        title: "Every role of the database may create objects",
        why: "A function of somebody else's with the name of ours is called instead (CVE-2018-1058).",
        run: ({ database: { everybodyCreates } }) =>
          everybodyCreates
            ? [
                {
                  subject: "schema public",
                  evidence: "PUBLIC has CREATE on the schema public.",
                  fix: "Take it away.",
                  command: 'psql "$DATABASE_URL" -c "REVOKE CREATE ON SCHEMA public FROM PUBLIC"',
                },
              ]
            : [],
      },
      {
        id: "data.database_unencrypted",
        severity: "critical",
        title: "The database is spoken to over the network without encryption",
        why: "Everything that is stored or read passes there.",
        run: ({ database: { remote, encrypted } }) =>
          remote && !encrypted
            ? [
                {
                  subject: "DATABASE_URL",
                  evidence: "The connection leaves this machine and is not encrypted.",
                  fix: "Add ?sslmode=verify-full to DATABASE_URL, and switch TLS on in the database.",
                },
              ]
            : [],
      },
      {
        id: "data.not_durable",
        severity: "critical",
        title: "The database does not wait for the disk",
        why: "After a crash records are gone that callers were told are kept.",
        run: ({ database: { settings } }) =>
          ["fsync", "full_page_writes"]
            .filter((name) => settings[name] === "off")
            .map((name) => ({
              subject: name,
              evidence: `${name} is off.`,
              fix: `Set ${name} = on in the database's configuration.`,
            })),
      },
      {
        id: "data.statements_logged",
        severity: "warn",
        title: "The database logs statements",
        why: "Messages and secrets stand in them.",
        run: ({ database: { settings } }) =>
          settings["log_statement"] === "all" || settings["log_statement"] === "mod"
            ? [
                {
                  subject: "log_statement",
                  evidence: `log_statement is ${settings["log_statement"]}.`,
                  fix: "Set log_statement = none in the database's configuration.",
                },
              ]
            : [],
      },
      {
        id: "data.weak_password_hash",
        severity: "warn",
        title: "The database keeps passwords as MD5",
        why: "Whoever reads them can sign in with them.",
        run: ({ database: { settings } }) =>
          settings["password_encryption"] === "md5"
            ? [
                {
                  subject: "password_encryption",
                  evidence: "password_encryption is md5.",
                  fix: "Set password_encryption = scram-sha-256, and set the passwords anew.",
                },
              ]
            : [],
      },
      {
        id: "data.database_old",
        severity: "warn",
        title: "The database is no longer maintained",
        why: "Flaws that are found in it are not corrected any more.",
        run: ({ database: { version } }) =>
          version > 0 && version < OLDEST_DATABASE
            ? [
                {
                  subject: "PostgreSQL",
                  evidence: `It is version ${version}.`,
                  fix: `Move to ${OLDEST_DATABASE} or later.`,
                },
              ]
            : [],
      },
      {
        id: "data.clock_skew",
        severity: "warn",
        title: "The clocks of this machine and the database differ",
        why: "Tokens end too late or too early, codes are refused, and the record's times are wrong.",
        run: ({ database: { skewMs } }) =>
          Math.abs(skewMs) > SKEW_MS
            ? [
                {
                  subject: "clock",
                  evidence: `The database is ${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? "ahead" : "behind"}.`,
                  fix: "Synchronise both with a time service.",
                  command: "timedatectl set-ntp true",
                },
              ]
            : [],
      },
    ],
  ),
];
