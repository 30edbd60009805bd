/**
 * The platforms that are connected, as this process uses them now. A name that the configuration file connects is the file's; all others are
 * rows of the database. What lacks a secret is off: it answers as if it did not exist, and says why to whoever may see it.
 */
import type { Dispatcher } from "undici";
import type { AuditWriter } from "#server/audit/index.ts";
import type { ChannelAdapter, ChannelHttp, ResolvedConnection } from "#server/channels/adapter.ts";
import { createAdapter } from "#server/channels/adapters/index.ts";
import {
  connectionOf,
  isSecret,
  openSecrets,
  settingsOf,
  type ConnectionRow,
} from "#server/channels/connection-rows.ts";
import { createProblemTeller } from "#server/channels/connection-problems.ts";
import { withEarlier } from "#server/channels/graced-adapter.ts";
import { readGraced, type GracedSecret } from "#server/channels/graced-secrets.ts";
import { channelHttp } from "#server/channels/http.ts";
import { earlierAdapters, resolveConnection } from "#server/channels/resolve-connection.ts";
import type { ChannelType } from "#server/channels/schema.ts";
import type { ConfigStore, ConnectionConfig } from "#server/config/index.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import type { Db } from "#server/core/db/client.ts";
import type { NotifyHub } from "#server/core/db/notify.ts";
import { openOutgoing } from "#server/core/net/outgoing.ts";
import { privateAllowance } from "#server/core/net/outbound-policy.ts";
import { isAppError, messageOf } from "#server/core/errors.ts";
import type { Logger } from "#server/core/log.ts";

/** Told when rows of connections change. */
export const CONNECTIONS_CHANGED = "openclaw_channels";

type ConnectionSource = "file" | "database";

/** A connection that works. */
export interface LiveChannel {
  channel: string;
  type: ChannelType;
  /** Of senders whom no user record describes. */
  role: string;
  unknownSenders: "pair" | "refuse";
  /** Hosts that links may lead to; null = any. */
  allowedLinks: readonly string[] | null;
  adapter: ChannelAdapter;
  http: ChannelHttp;
  /** For the outbound filter. */
  secrets: readonly string[];
}

type ConnectionState = "on" | "off" | "not_configured";

/** What may be shown of a connection. */
interface ConnectionView {
  channel: string;
  type: ChannelType;
  source: ConnectionSource;
  state: ConnectionState;
  /** Why it does not work, and what to do. */
  problem: string | null;
  settings: Record<string, string | boolean | string[]>;
  /** Which secrets are set. */
  secrets: string[];
}

export interface ConnectionStore {
  /** Undefined = there is none, or it does not work; `stateOf` tells which. */
  live(channel: string): LiveChannel | undefined;
  stateOf(channel: string): ConnectionState | undefined;
  list(): ConnectionView[];
  /** Reads the rows again; resolves once this process goes by them. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** What connections are put together from. */
interface SourceDeps {
  config: Pick<ConfigStore, "current" | "secret">;
  keyring: Keyring;
}

/** What the database says: its connections, and secrets from before a rotation that still count. */
interface Stored {
  rows: readonly ConnectionRow[];
  graced: readonly GracedSecret[];
}

interface ConnectionStoreDeps extends SourceDeps {
  config: ConfigStore;
  db: Db;
  notify: NotifyHub;
  audit: Pick<AuditWriter, "append">;
  log: Logger;
}

interface Entry {
  view: ConnectionView;
  live: LiveChannel | undefined;
  /** The same for the same settings and secrets: then the connection is left as it is. */
  fingerprint: string;
  close(): Promise<void>;
}

/** The connections as they are now, for one command: nothing is followed, and nothing recorded. */
export async function readConnectionsOnce(
  deps: SourceDeps & { db: Db },
): Promise<Pick<ConnectionStore, "live" | "list" | "close">> {
  const entries = buildAll(deps, await readStored(deps), new Map());
  return {
    live: (channel) => entries.get(channel)?.live,
    list: () => viewsOf(entries),
    async close() {
      await Promise.all([...entries.values()].map((entry) => entry.close()));
    },
  };
}

const viewsOf = (entries: ReadonlyMap<string, Entry>): ConnectionView[] =>
  [...entries.values()].map(({ view }) => view).sort((a, b) => (a.channel < b.channel ? -1 : 1));

export async function openConnections(deps: ConnectionStoreDeps): Promise<ConnectionStore> {
  const { config, notify, log } = deps;
  let stored = await readStored(deps);
  let entries = new Map<string, Entry>();
  const tell = createProblemTeller(deps);

  function rebuild(): void {
    const before = entries;
    const next = buildAll(deps, stored, before);
    entries = next;
    const kept = new Set(next.values());
    for (const entry of before.values()) {
      if (!kept.has(entry)) {
        void entry
          .close()
          .catch((error: unknown) => log.warn({ err: error }, "connections to a platform did not close"));
      }
    }
    tell(viewsOf(next));
  }

  async function reload(): Promise<void> {
    stored = await readStored(deps);
    rebuild();
  }

  rebuild();
  const stopFollowing = config.subscribe(rebuild);
  const again = (): void =>
    void reload().catch((error: unknown) => log.error({ err: error }, "connections of channels could not be read"));
  const stopListening = await notify.listen(CONNECTIONS_CHANGED, again);
  const stopReconnecting = notify.onReconnect(again);
  return {
    live: (channel) => entries.get(channel)?.live,
    stateOf: (channel) => entries.get(channel)?.view.state,
    list: () => viewsOf(entries),
    reload,
    async close() {
      stopFollowing();
      stopListening();
      stopReconnecting();
      await Promise.all([...entries.values()].map((entry) => entry.close()));
    },
  };
}

async function readStored({ db, keyring }: { db: Db; keyring: Keyring }): Promise<Stored> {
  const [rows, graced] = await Promise.all([
    db.channelConnection.findMany({ select: { channel: true, type: true, settings: true, secrets: true } }),
    readGraced(db, keyring, new Date()),
  ]);
  return { rows, graced };
}

/** The connections that the configuration file makes, by channel. */
export function fileConnections(config: Pick<ConfigStore, "current">): Map<string, ConnectionConfig> {
  return new Map(
    Object.entries(config.current().config.channels).flatMap(([channel, { connection }]) =>
      connection === undefined ? [] : [[channel, connection]],
    ),
  );
}

function buildAll(deps: SourceDeps, { rows, graced }: Stored, before: ReadonlyMap<string, Entry>): Map<string, Entry> {
  const gracedOf = (channel: string): GracedSecret[] => graced.filter((secret) => secret.channel === channel);
  const inFile = fileConnections(deps.config);
  const next = new Map<string, Entry>();
  for (const [channel, connection] of inFile) {
    next.set(
      channel,
      build({ deps, source: "file", channel, open: () => connection, graced: gracedOf(channel) }, before.get(channel)),
    );
  }
  for (const row of rows.filter(({ channel }) => !inFile.has(channel))) {
    const open = (): ConnectionConfig => connectionOf(row.settings, row.type, openSecrets(deps.keyring, row));
    const { channel, type } = row;
    const given = { deps, source: "database", channel, open, graced: gracedOf(channel), storedType: type } as const;
    next.set(channel, build(given, before.get(channel)));
  }
  return next;
}

interface Given {
  deps: SourceDeps;
  source: ConnectionSource;
  channel: string;
  open: () => ConnectionConfig;
  graced: readonly GracedSecret[];
  storedType?: string;
}

function build(
  { deps, source, channel, open, graced, storedType = "webhook" }: Given,
  before: Entry | undefined,
): Entry {
  const view: ConnectionView = {
    channel,
    type: storedType as ChannelType,
    source,
    state: "not_configured",
    problem: null,
    settings: {},
    secrets: [],
  };
  try {
    const connection = open();
    view.type = connection.type;
    view.settings = settingsOf(connection);
    view.secrets = Object.keys(connection).filter(isSecret);
    if (!connection.enabled) {
      view.state = "off";
      return { view, live: undefined, fingerprint: "off", close: () => Promise.resolve() };
    }
    const resolved = resolveConnection(deps.config, channel, connection);
    const allowed = deps.config.current().config.security.outbound;
    const fingerprint = JSON.stringify([source, connection, resolved, allowed, graced]);
    if (before?.live !== undefined && before.fingerprint === fingerprint) {
      return before;
    }
    const adapter = withEarlier(createAdapter(resolved), earlierAdapters(resolved, graced), Date.now);
    // What the file names by its address is meant; from the console an address of the own network has to be opened there first.
    const urls = source === "file" ? [resolved.apiBase, resolved.replyUrl].filter((url) => url !== undefined) : [];
    const outgoing = openOutgoing({ allowsPrivate: privateAllowance(allowed.allowedPrivate, urls) });
    view.state = "on";
    return {
      view,
      live: liveOf(channel, connection, resolved, graced, adapter, outgoing.dispatcher),
      fingerprint,
      close: () => outgoing.close(),
    };
  } catch (error) {
    view.problem = isAppError(error) ? error.message : `It cannot be used: ${messageOf(error)}`;
    return { view, live: undefined, fingerprint: view.problem, close: () => Promise.resolve() };
  }
}

function liveOf(
  channel: string,
  { type, role, unknownSenders, allowedLinks }: ConnectionConfig,
  resolved: ResolvedConnection,
  graced: readonly GracedSecret[],
  adapter: ChannelAdapter,
  dispatcher: Dispatcher,
): LiveChannel {
  const own = Object.entries(resolved).flatMap(([key, value]) =>
    isSecret(key) && typeof value === "string" ? [value] : [],
  );
  const secrets = [...own, ...graced.map(({ value }) => value)];
  return {
    channel,
    type,
    role,
    unknownSenders,
    allowedLinks: allowedLinks ?? null,
    adapter,
    http: channelHttp(dispatcher),
    secrets,
  };
}
