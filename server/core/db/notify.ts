/**
 * LISTEN/NOTIFY over one dedicated connection that comes back by itself.
 * A notification can be lost while the connection is down, so every listener also hears `onReconnect` and reloads what it caches.
 */
import { Client } from "pg";
import type { Logger } from "#server/core/log.ts";

type NotifyHandler = (payload: string) => void;

export interface NotifyHub {
  /** Calls `handler` for each NOTIFY on `channel`; returns the unsubscriber. Resolves once the server listens. */
  listen(channel: string, handler: NotifyHandler): Promise<() => void>;
  /** Called after each re-established connection; returns the unsubscriber. */
  onReconnect(handler: () => void): () => void;
  close(): Promise<void>;
}

const RETRY_DELAYS_MS = [50, 100, 250, 500, 1000, 2000];

/** Opens the hub; rejects when the first connection fails. */
export async function openNotifyHub(connectionString: string, name: string, log: Logger): Promise<NotifyHub> {
  const handlers = new Map<string, Set<NotifyHandler>>();
  const reconnectHandlers = new Set<() => void>();
  let client: Client | null = null;
  let closed = false;

  async function connect(): Promise<void> {
    const next = new Client({ connectionString, application_name: `${name}:listen`, keepAlive: true });
    next.on("notification", (message) => {
      for (const handler of handlers.get(message.channel) ?? []) {
        handler(message.payload ?? "");
      }
    });
    next.on("error", () => undefined);
    next.on("end", () => {
      if (client === next) {
        client = null;
        void reconnect();
      }
    });
    await next.connect();
    for (const channel of handlers.keys()) {
      await next.query(`LISTEN ${next.escapeIdentifier(channel)}`);
    }
    client = next;
  }

  async function reconnect(): Promise<void> {
    for (let attempt = 0; !closed; attempt += 1) {
      const delay = RETRY_DELAYS_MS[Math.min(attempt, RETRY_DELAYS_MS.length - 1)] ?? 2000;
      await new Promise((resolve) => setTimeout(resolve, delay).unref());
      if (closed) {
        return;
      }
      try {
        await connect();
        for (const handler of reconnectHandlers) {
          handler();
        }
        return;
      } catch (error) {
        log.warn({ err: error, attempt }, "database notifications: connection lost, trying again");
      }
    }
  }

  await connect();
  return {
    async listen(channel, handler) {
      const known = handlers.get(channel);
      const set = known ?? new Set<NotifyHandler>();
      set.add(handler);
      if (known === undefined) {
        handlers.set(channel, set);
        await client?.query(`LISTEN ${client.escapeIdentifier(channel)}`);
      }
      return () => set.delete(handler);
    },
    onReconnect(handler) {
      reconnectHandlers.add(handler);
      return () => reconnectHandlers.delete(handler);
    },
    async close() {
      closed = true;
      const open = client;
      client = null;
      await open?.end();
    },
  };
}
