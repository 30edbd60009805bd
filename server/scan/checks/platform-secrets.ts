/** Secrets that the file holds for platforms. */
import { atKey, checksOf, type Check } from "#server/scan/check.ts";
import type { ConfigPath } from "#server/scan/facts/sources.ts";
import { formatPath } from "#server/config/index.ts";
import { few } from "#server/scan/shown.ts";

const SHORT_SECRET = 16;

/** Secrets of platforms in the file. */
const isPlatformSecret = (path: ConfigPath): boolean => path[0] === "channels" && path[2] === "connection";

export const PLATFORM_SECRET_CHECKS: readonly Check[] = [
  ...checksOf(
    "channels",
    ["configuration"],
    [
      {
        id: "channels.secret_plain",
        severity: "warn",
        title: "A platform's secret stands in plain text",
        why: "Whoever sees the file, a backup or a screen with it can send messages in anybody's name.",
        run: ({ configuration: { secrets } }) =>
          secrets
            .filter(({ path, kept }) => isPlatformSecret(path) && kept === "plain")
            .map(({ path }) =>
              atKey(
                path,
                `${formatPath(path)} stands in the file as it is.`,
                "Encrypt it, or write ${NAME} and put it in the environment.",
                {
                  command: "openclaw config encrypt",
                },
              ),
            ),
      },
      {
        id: "channels.secret_unset",
        severity: "warn",
        title: "A platform's secret refers to a variable that is not set",
        why: "The channel is off, and whoever writes there gets no answer.",
        run: ({ configuration: { secrets } }) =>
          secrets
            .filter(({ path, missing }) => isPlatformSecret(path) && missing.length > 0)
            .map(({ path, missing }) =>
              atKey(
                path,
                `${formatPath(path)} refers to ${few(missing)}, which is not set.`,
                `Set ${missing[0] ?? "it"} for the gateway.`,
              ),
            ),
      },
      {
        id: "channels.secret_weak",
        severity: "critical",
        title: "A platform's secret can be guessed",
        why: "Whoever guesses it delivers messages in anybody's name, administrators included.",
        run: ({ configuration: { secrets } }) =>
          secrets
            .filter(
              ({ path, length, weak }) =>
                isPlatformSecret(path) &&
                /secret$/i.test(String(path[3])) &&
                length !== null &&
                (length < SHORT_SECRET || weak === "is a placeholder from an example" || /different/.test(weak ?? "")),
            )
            .map(({ path, length }) =>
              atKey(
                path,
                `${formatPath(path)} is a placeholder, has few different characters, or is short (${length ?? 0} characters).`,
                "Make a random one, and give it to the platform as well.",
                {
                  command: "openssl rand -base64 32",
                },
              ),
            ),
      },
      {
        id: "channels.secret_reused",
        severity: "critical",
        title: "Two places share one secret",
        why: "Whoever is given the one can forge messages of the other.",
        run: ({ configuration: { secrets } }) => {
          const seen = new Map<string, string>();
          return secrets.flatMap(({ path, digest }) => {
            if (digest === null || !isPlatformSecret(path)) {
              return [];
            }
            const first = seen.get(digest);
            if (first === undefined) {
              seen.set(digest, formatPath(path));
              return [];
            }
            return [atKey(path, `${formatPath(path)} is the same as ${first}.`, "Make a secret of its own for each.")];
          });
        },
      },
    ],
  ),
];
