/** Every long-lived key of an outside service that this gateway holds, from the configuration and the database. Nothing is read until it is used. */
import { heldPointSecrets } from "#server/alerts/index.ts";
import { heldConnections, secretsOf, type HeldConnection } from "#server/channels/index.ts";
import {
  formatPath,
  referencesOf,
  secretKept,
  visibleText,
  type ConfigStore,
  type ConnectionSecret,
} from "#server/config/index.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import type { Db, Tx } from "#server/core/db/client.ts";
import type { KeySource } from "#server/key-rotation/schema.ts";
import { providersOf, type Provider } from "#server/models/policy.ts";

export interface HeldKey {
  id: string;
  label: string;
  owner: "file" | "database";
  source: KeySource;
  /** Where it is written. */
  path: string;
  variables: readonly string[];
  /** What kind of thing it is for, with what is needed to replace and to try it. */
  of:
    | { kind: "provider"; provider: Provider }
    | { kind: "channel"; held: HeldConnection; key: ConnectionSecret }
    | { kind: "shared_token" }
    | { kind: "other"; howTo: string };
  /** @throws AppError NOT_CONFIGURED, CANNOT_DECRYPT */
  read(): string;
}

export interface InventoryDeps {
  config: Pick<ConfigStore, "current" | "secret">;
  keyring: Keyring;
}

/** @param db null while no gateway runs: keys of the database are left out then */
export async function heldKeys(deps: InventoryDeps, db: Db | Tx | null): Promise<HeldKey[]> {
  const { config } = deps.config.current();
  const inFile = (path: string, written: string): Pick<HeldKey, "owner" | "source" | "path" | "variables" | "read"> => {
    const variables = referencesOf(visibleText(path, written, undefined) ?? "");
    return {
      owner: "file",
      source: variables.length > 0 ? "environment" : secretKept(written) === "encrypted" ? "encrypted" : "plain",
      path,
      variables,
      read: () => deps.config.secret(path, written),
    };
  };
  const providers = providersOf(config).flatMap((provider): HeldKey[] =>
    provider.key === null
      ? []
      : [
          {
            ...inFile(provider.key.path, provider.key.written),
            id: `provider:${provider.name}`,
            label: `API key of ${provider.name}`,
            of: { kind: "provider", provider },
          },
        ],
  );
  const token: HeldKey[] =
    config.gateway.token === undefined
      ? []
      : [
          {
            ...inFile("gateway.token", config.gateway.token),
            id: "gateway:token",
            label: "Shared token of the gateway",
            of: { kind: "shared_token" },
          },
        ];
  const connections = await heldConnections({ ...deps, db });
  const channels = connections.flatMap((held) =>
    secretsOf(held.connection).map(([key, written]): HeldKey => {
      const path = formatPath(["channels", held.channel, "connection", key]);
      const plain = inFile(path, written);
      return {
        ...plain,
        owner: held.owner,
        source: held.owner === "file" || plain.source === "environment" ? plain.source : "database",
        path: held.owner === "file" ? path : `channel ${held.channel} (database)`,
        id: `channel:${held.channel}:${key}`,
        label: `${SECRET_WORDS[key]} of ${held.channel}`,
        of: { kind: "channel", held, key },
        read: () => deps.config.secret(`channels.${held.channel}.connection.${key}`, written),
      };
    }),
  );
  const { webhookSecret, smtp } = config.security.monitoring.alerting;
  const alerting = (
    [
      ["alerts:webhookSecret", "Signing secret of alerts", "webhookSecret", webhookSecret],
      ["alerts:smtpPassword", "Password of the mail server", "smtp.password", smtp?.password],
    ] as const
  ).flatMap(([id, label, name, written]): HeldKey[] => {
    const path = `security.monitoring.alerting.${name}`;
    const howTo = `Make a new one, write it into the configuration (openclaw config set ${path} - < file) and enter it on the other side.`;
    return written === undefined ? [] : [{ ...inFile(path, written), id, label, of: { kind: "other", howTo } }];
  });
  return [...providers, ...channels, ...token, ...alerting, ...(db === null ? [] : await pointKeys(db, deps.keyring))];
}

/** Those of contact points are rotated with the points: what is sent is signed with both for a while. */
async function pointKeys(db: Db | Tx, keyring: Keyring): Promise<HeldKey[]> {
  const held = await heldPointSecrets(db, keyring);
  return held.map(({ pointId, point, key, value }) => ({
    id: `contact:${pointId}:${key}`,
    label: `${POINT_WORDS[key]} of ${point}`,
    owner: "database",
    source: "database",
    path: `contact point ${point} (database)`,
    variables: [],
    of: { kind: "other", howTo: "Rotate it with its contact point, on the screen Alerts." },
    read: () => value,
  }));
}

const POINT_WORDS = { secret: "Signing secret", routingKey: "Routing key", password: "Mail password" } as const;

const SECRET_WORDS: Record<ConnectionSecret, string> = {
  botToken: "Bot token",
  webhookSecret: "Webhook secret",
  signingSecret: "Signing secret",
  appSecret: "App secret",
  verifyToken: "Verify token",
  accessToken: "Access token",
  secret: "Webhook secret",
  replySecret: "Secret of replies",
};
