/** People who write from a platform, as the pipeline sees them: everything behind `dispatch` is real, no platform is there. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSenderServices, type SenderTestServices } from "./senders.ts";
import { openTestRunSeal } from "./run-seal.ts";
import { readPolicy } from "#server/access/index.ts";
import type { Principal } from "#server/access/schema.ts";
import { openConfigStore } from "#server/config/index.ts";
import { isAppError } from "#server/core/errors.ts";
import { randomId } from "#server/core/ids.ts";
import { homePaths } from "#server/core/paths.ts";
import { dispatch } from "#server/gateway/dispatch.ts";
import { parseText } from "#server/gateway/grammar.ts";
import { answerText } from "#server/gateway/outcome.ts";
import { Refusal } from "#server/gateway/refusal.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { createMemoryLimiter } from "#server/ratelimit/memory-limiter.ts";
import { openRunQueue } from "#server/sandbox/index.ts";
import { createStepUp, createUserFactorSeal } from "#server/step-up/index.ts";

type ChatServices = SenderTestServices & GatewayServices;

/** What became of one message. */
interface Said {
  /** The answer, or why there is none. */
  text: string;
  runId: string | null;
  /** Reason of a refusal. */
  reason: string | null;
}

export interface Writer {
  userId: string;
  senderId?: string;
  channel?: string;
  conversationId?: string;
  threadId?: string | null;
  role?: string;
}

export interface Chat {
  services: ChatServices;
  /** Writes a message and hears what is answered. */
  say(writer: Writer, text: string): Promise<Said>;
  /** The same through a token that speaks for the user, over the API. */
  call(userId: string | null, text: string, token?: { family: string; owner: string; tokenId?: string }): Promise<Said>;
  /** Puts another configuration in force. */
  configure(text: string): void;
  /** Everything that is stored in the database and was recorded, as text. */
  everything(): Promise<string>;
  close(): Promise<void>;
}

/** With a worker that has an engine, which takes no run. */
export async function startChat(configText: string): Promise<Chat> {
  const started = await startSenderServices();
  const folder = mkdtempSync(join(tmpdir(), "openclaw-chat-"));
  const file = join(folder, "openclaw.json5");
  writeFileSync(file, configText, { mode: 0o600 });
  const config = openConfigStore({ file, log: started.log });
  const { runSeal } = await openTestRunSeal();
  const { pool, db, clock, keyring, attempts, log } = started;
  const boss = await openRunQueue({ connectionString: pool.options.connectionString ?? "", name: "test", log });
  const userFactorSeal = createUserFactorSeal(keyring);
  const close = started.close.bind(started);
  const services = Object.assign(started, {
    config,
    runSeal,
    boss,
    userFactorSeal,
    stepUp: createStepUp({ db, clock, keyring, factorSeal: userFactorSeal, attempts }),
    limiter: createMemoryLimiter(clock),
    paths: homePaths(folder, file),
  }) as unknown as ChatServices;
  started.policy.reload = async () => {
    started.policy.snapshot = await readPolicy(pool, {
      enabled: true,
      roles: undefined,
      users: undefined,
      channels: undefined,
      modelAccess: services.config.current().config.models.access,
    });
  };
  await started.asOwner(
    `INSERT INTO worker_node (id, host, pid, version, engine, started_at, heartbeat_at) VALUES ('wrk_test', 'test', 1, '0',
     '{"reachable":true,"endpoint":"none","version":null,"runtimes":[],"storageDriver":null,"image":null,"imageDigest":null,"loopDisks":true,"error":null}',
     now(), now() + interval '1 hour')`,
  );

  async function send(principal: Principal, text: string, writer: Writer | null): Promise<Said> {
    const channel = writer === null ? "api" : (writer.channel ?? "telegram");
    const incoming = {
      method: "POST",
      path: "/test",
      header: () => undefined,
      address: writer === null ? "192.0.2.1" : `channel:${channel}`,
      requestId: randomId("req"),
      signal: new AbortController().signal,
    };
    const conversation =
      writer === null
        ? undefined
        : {
            senderId: writer.senderId ?? `${writer.userId}-1`,
            conversationId: writer.conversationId ?? "chat-1",
            threadId: writer.threadId ?? null,
            deliveryId: null,
          };
    const exchange = { incoming, principal };
    try {
      const facts = { channel, userId: null, parsed: parseText(text), idempotencyKey: undefined, conversation };
      const dispatched = await dispatch(services, exchange, facts);
      const { result } = dispatched;
      if (result.kind === "run") {
        return { text: "", runId: result.runId, reason: null };
      }
      const { reply } = await answerText(services, exchange, dispatched, result.text);
      return { text: reply.text, runId: null, reason: null };
    } catch (error) {
      if (!isAppError(error)) {
        throw error;
      }
      if (error instanceof Refusal) {
        const { event, ...facts } = error.event;
        const actor = { type: "user" as const, id: principal.boundUserId ?? principal.id };
        await services.audit.append([{ ...facts, event, outcome: "denied", actor }]);
        return { text: error.message, runId: null, reason: facts.reason };
      }
      return { text: error.message, runId: null, reason: error.code };
    }
  }

  const base = { tokenId: null, scopes: [], ownerId: "test" } as const;
  return {
    services,
    say(writer, text) {
      const channel = writer.channel ?? "telegram";
      const id = `channel:${channel}`;
      const role = services.policy.current().users.get(writer.userId)?.role ?? writer.role ?? "user";
      const principal = {
        ...base,
        id,
        kind: "channel",
        name: id,
        role,
        channels: [channel],
        boundUserId: writer.userId,
      } as const;
      return send({ ...principal, paired: true }, text, writer);
    },
    call(userId, text, { family, owner, tokenId = null } = { family: "t", owner: base.ownerId }) {
      const id = `token:${family}`;
      const rights = { role: "admin", channels: [], boundUserId: userId };
      return send({ ...base, ...rights, id, tokenId, ownerId: owner, kind: "token", name: "bot" }, text, null);
    },
    configure(text) {
      writeFileSync(file, text, { mode: 0o600 });
      services.config.close();
      services.config = openConfigStore({ file, log });
    },
    async everything() {
      const { rows } = await pool.query<{ name: string }>(
        "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND has_table_privilege(oid, 'SELECT')",
      );
      const texts = await Promise.all(
        rows.map(async ({ name }) => {
          const found = await pool.query<{ all: string | null }>(`SELECT json_agg(r)::text AS all FROM "${name}" r`);
          return found.rows[0]?.all ?? "";
        }),
      );
      return `${texts.join("\n")}\n${JSON.stringify(await services.recorded())}`;
    },
    async close() {
      await boss.stop({ graceful: false });
      services.config.close();
      rmSync(folder, { recursive: true });
      await close();
    },
  };
}
