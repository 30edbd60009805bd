/** The socket for models with a real database, as the gateway opens it; runs with grants, as the worker makes them. */
import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { createAuditWriter, createCollapser } from "#server/audit/index.ts";
import { resolveSecret, type LoadedConfig } from "#server/config/index.ts";
import { readConfigText } from "#server/config/read.ts";
import { createPool } from "#server/core/db/pool.ts";
import { newRunId } from "#server/core/ids.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";
import { openModelCore } from "#server/models/core.ts";
import { openModelListener, type ModelListener } from "#server/models/listener.ts";
import { newRunToken } from "#server/models/run-token.ts";
import type { ModelServices } from "#server/models/services.ts";
import { RECORDED } from "./audit.ts";
import { createTestDatabase } from "./database.ts";

interface GrantRow {
  used: number;
  reserved: number;
  calls: number;
}

interface AuditRow {
  event: string;
  outcome: string;
  reason: string;
  target: string | null;
  user_id: string | null;
  data: Record<string, unknown>;
}

export interface ModelBench {
  home: HomePaths;
  services: ModelServices & { paths: HomePaths };
  listener: ModelListener;
  /** Lines of the log, whatever their level. */
  logged: string[];
  socket: string;
  /** Replaces the configuration in force. */
  configure(text: string): void;
  /** A run with a grant. */
  run(grant?: {
    models?: string[];
    maxTokens?: number;
    state?: string;
    ended?: boolean;
  }): Promise<{ id: string; token: string }>;
  grant(runId: string): Promise<GrantRow>;
  /** Audit events about a run, oldest first. */
  events(runId: string | null): Promise<AuditRow[]>;
  sql(text: string, values?: unknown[]): Promise<unknown[]>;
  /** For a session of the test's own. */
  ownerUrl: string;
  close(): Promise<void>;
}

export async function openModelBench(config: string): Promise<ModelBench> {
  const database = await createTestDatabase();
  const home = homePaths(mkdtempSync(join(tmpdir(), "openclaw-models-")));
  ensureHome(home);
  const pool = createPool({ connectionString: database.appUrl, name: "test", max: 6 });
  const owner = createPool({ connectionString: database.ownerUrl, name: "owner", max: 2 });
  const auditPool = createPool({ connectionString: database.appUrl, name: "audit", max: 1 });
  const logged: string[] = [];
  const log = pino({ level: "trace" }, { write: (line: string) => void logged.push(line) });
  const audit = createAuditWriter({ pool: auditPool, log });
  let current = parse(config);
  const store = { current: (): LoadedConfig => current, secret: resolveSecret };
  const services = {
    config: store,
    pool,
    models: openModelCore({
      config: store,
      pool,
      leasing: createPool({ connectionString: database.appUrl, name: "leasing", max: 4, relaxed: true }),
      log,
    }),
    audit,
    refusals: createCollapser(audit),
    log,
    paths: home,
  };
  const listener = await openModelListener(services);
  return {
    home,
    services,
    listener,
    logged,
    socket: join(home.runDir, "models.sock"),
    configure: (text) => void (current = parse(text)),
    async run({ models = ["fake/*"], maxTokens = 100_000, state = "running", ended = false } = {}) {
      const id = newRunId();
      const { token, hash } = newRunToken(id);
      await owner.query(
        `INSERT INTO run (id, state, language, code, principal_id, user_id, role_name, channel, request_id)
         VALUES ($1, $2, 'sh', 'true', 'token:a', 'ana', 'user', 'api', 'req_1')`,
        [id, state],
      );
      await owner.query(
        `INSERT INTO run_grant (run_id, attempt, token_hash, models, max_tokens, ended_at)
         VALUES ($1, 1, $2, $3, $4, CASE WHEN $5 THEN now() END)`,
        [id, hash, models, maxTokens, ended],
      );
      return { id, token };
    },
    async grant(runId) {
      const { rows } = await owner.query<GrantRow>(
        "SELECT used_tokens AS used, reserved_tokens AS reserved, calls FROM run_grant WHERE run_id = $1",
        [runId],
      );
      const [row] = rows;
      if (row === undefined) {
        throw new Error(`no grant of ${runId}`);
      }
      return row;
    },
    async events(runId) {
      const { rows } = await owner.query<AuditRow>(
        `SELECT event, outcome, reason, target, user_id, data FROM ${RECORDED} AS record
         WHERE target IS NOT DISTINCT FROM $1 AND event LIKE 'model.%' AND event <> 'model.accepted' ORDER BY n`,
        [runId],
      );
      return rows;
    },
    ownerUrl: database.ownerUrl,
    sql: async (text, values) => (await owner.query<object>(text, values)).rows,
    async close() {
      await listener.close(0);
      await services.models.close();
      await audit.close();
      await Promise.all([pool.end(), owner.end(), auditPool.end()]);
      await database.drop();
      rmSync(home.home, { recursive: true, force: true });
    },
  };
}

function parse(text: string): LoadedConfig {
  const { config, problems } = readConfigText(text);
  if (config === undefined) {
    throw new Error(JSON.stringify(problems));
  }
  return { config, owned: new Set(), warnings: [], refusals: [], hash: "test" };
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  trailers: NodeJS.Dict<string>;
}

interface CallOptions {
  token?: string;
  method?: string;
  headers?: Record<string, string>;
  /** Called with each piece of the body as it comes. */
  onData?: (piece: string) => void;
  signal?: AbortSignal;
}

/** One request on the socket. @param body an object is sent as JSON, text as it stands */
export function callModels(
  socketPath: string,
  path: string,
  body: object | string | undefined,
  { token, method = body === undefined ? "GET" : "POST", headers = {}, onData, signal }: CallOptions = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        socketPath,
        path,
        method,
        headers: {
          host: "127.0.0.1:8642",
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(signal === undefined ? {} : { signal }),
      },
      (response) => {
        let text = "";
        response.on("error", reject);
        response.setEncoding("utf8");
        response.on("data", (piece: string) => {
          text += piece;
          onData?.(piece);
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, trailers: response.trailers }),
        );
      },
    );
    request.on("error", reject);
    request.end(body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body));
  });
}
