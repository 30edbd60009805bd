/**
 * What a run may reach outside its container: the grant in the database, the socket in its folder, and the environment by which programs
 * find it. It begins when the container is there and ends with the program.
 */
import { agentOf, type AgentConfig, type AgentsConfig } from "#server/agents/policy.ts";
import { recordEvents } from "#server/audit/index.ts";
import { withTx } from "#server/core/db/client.ts";
import type { FileSystemConfig } from "#server/files/schema.ts";
import { newRunToken } from "#server/models/run-token.ts";
import { providersOf, type ProvidersConfig } from "#server/models/policy.ts";
import { grantsOf, type ModelGrant, type ProfilesConfig } from "#server/sandbox/profiles.ts";
import type { ClaimedRun } from "#worker/claim-run.ts";
import { LINK_PORT } from "#worker/launch/launch-script.ts";
import { openRunLink } from "#worker/link/run-link.ts";
import { Refusal } from "#worker/run-failure.ts";
import type { RunJournal } from "#worker/run-journal.ts";
import type { ProfileWanted } from "#worker/run-requirements.ts";
import { workerActor, type WorkerContext } from "#worker/worker-context.ts";

/** The parts of the configuration that say what a run may reach. */
export type ReachConfig = AgentsConfig &
  ProvidersConfig & { security: { sandboxing: ProfilesConfig; fileSystem: FileSystemConfig } };

export interface Reach {
  env: Record<string, string>;
  /** Ends it. Resolves to what was used of it. */
  close(): Promise<{ calls: number; tokens: number }>;
}

/** The agent of a run, as this worker's configuration describes it; null = the run is no question. @throws Refusal when it does not. */
export function agentOfRun(
  context: Pick<WorkerContext, "config">,
  { agent, language }: ClaimedRun,
): AgentConfig | null {
  if (language !== "agent") {
    return null;
  }
  const found = agentOf(context.config(), agent ?? "");
  if (found === null) {
    throw new Refusal(
      "refused",
      `There is no agent "${agent ?? ""}" in this worker's configuration. Write it in agents.${agent ?? ""}.`,
    );
  }
  return found;
}

/** Which container a run asks for. @throws Refusal */
export function containerWanted(context: Pick<WorkerContext, "config">, run: ClaimedRun): ProfileWanted {
  const agent = agentOfRun(context, run);
  return { profile: run.profile, ...(agent === null ? {} : { timeoutMs: agent.timeout, link: true }) };
}

/** @param folder the host's side of the folder that the container has mounted */
export async function openReach(
  context: WorkerContext,
  run: ClaimedRun,
  folder: string,
  journal: RunJournal,
): Promise<Reach> {
  const agent = agentOfRun(context, run);
  const { models, egress } = grantsOf(context.config().security.sandboxing, run.profile);
  const grant: ModelGrant = {
    allowed: [...new Set([...models.allowed, ...(run.model === null ? [] : [run.model])])],
    maxTokens: agent?.maxTokens ?? models.maxTokens,
  };
  const { token, hash } = newRunToken(run.id);
  await storeGrant(context, run, hash, grant);
  const link = await openRunLink({
    folder,
    token,
    grants: { models: grant.allowed.length > 0, egress },
    modelSocket: context.modelSocket,
    origin: { actor: workerActor(context), target: run.id, ...run.origin },
    tell: (event) => journal.tell(event),
    record: (event) => withTx(context.db, (tx) => recordEvents(tx, [event])),
    log: context.log,
  });
  return {
    env: {
      ...gatewayEnv(token),
      ...(egress.domains.length === 0 ? {} : PROXY_ENV),
      ...(agent === null ? {} : agentEnv(context, run, agent)),
    },
    async close() {
      await link.close();
      return endGrant(context, run);
    },
  };
}

const GATEWAY_URL = `http://127.0.0.1:${LINK_PORT}`;

const gatewayEnv = (token: string): Record<string, string> => ({
  OPENAI_BASE_URL: `${GATEWAY_URL}/v1`,
  OPENAI_API_KEY: token,
  ANTHROPIC_BASE_URL: GATEWAY_URL,
  ANTHROPIC_API_KEY: token,
  OPENCLAW_GATEWAY_URL: GATEWAY_URL,
  OPENCLAW_RUN_TOKEN: token,
});

/** Both spellings are in use; Node wants to be told to look at them. */
const PROXY_ENV: Record<string, string> = {
  HTTP_PROXY: GATEWAY_URL,
  HTTPS_PROXY: GATEWAY_URL,
  http_proxy: GATEWAY_URL,
  https_proxy: GATEWAY_URL,
  NO_PROXY: "127.0.0.1,localhost",
  no_proxy: "127.0.0.1,localhost",
  NODE_USE_ENV_PROXY: "1",
};

function agentEnv(context: WorkerContext, run: ClaimedRun, agent: AgentConfig): Record<string, string> {
  const api = providersOf(context.config()).find(({ name }) => run.model?.startsWith(`${name}/`))?.type;
  return {
    OPENCLAW_AGENT: run.agent ?? "",
    OPENCLAW_MODEL: run.model ?? "",
    ...(api === undefined ? {} : { OPENCLAW_MODEL_API: api }),
    OPENCLAW_MAX_STEPS: String(agent.maxSteps),
    OPENCLAW_INSTRUCTIONS: agent.instructions ?? "",
  };
}

/** Fenced like every write about a run. What an earlier attempt used stays used. */
async function storeGrant(
  { pool, workerId }: WorkerContext,
  { id, attempt }: ClaimedRun,
  hash: Buffer,
  { allowed, maxTokens }: ModelGrant,
): Promise<void> {
  const { rowCount } = await pool.query({
    name: "store-run-grant",
    text: `
      INSERT INTO run_grant (run_id, attempt, token_hash, models, max_tokens)
      SELECT id, attempt, $4, $5, $6 FROM run WHERE id = $1 AND worker_id = $2 AND attempt = $3 AND state = 'running'
      ON CONFLICT (run_id) DO UPDATE SET attempt = excluded.attempt, token_hash = excluded.token_hash, models = excluded.models,
        max_tokens = excluded.max_tokens, reserved_tokens = 0, ended_at = NULL`,
    values: [id, workerId, attempt, hash, allowed, maxTokens],
  });
  if (rowCount === 0) {
    throw new Error("The run is not this worker's any more");
  }
}

async function endGrant(
  { pool, log }: WorkerContext,
  { id, attempt }: ClaimedRun,
): Promise<{ calls: number; tokens: number }> {
  try {
    const { rows } = await pool.query<{ calls: number; tokens: string }>({
      name: "end-run-grant",
      text: `UPDATE run_grant SET ended_at = now() WHERE run_id = $1 AND attempt = $2
             RETURNING calls, used_tokens::text AS tokens`,
      values: [id, attempt],
    });
    const [row] = rows;
    return { calls: row?.calls ?? 0, tokens: Number(row?.tokens ?? 0) };
  } catch (error) {
    // The token is worth nothing all the same: it is good for a run that is `running` only.
    log.warn({ err: error, runId: id }, "the grant of a run not ended");
    return { calls: 0, tokens: 0 };
  }
}
