/** What a dispatched message is answered with, for every transport: each of these resolves once the reply is on record. */
import { actorOf, type Identified } from "#server/gateway/answer.ts";
import type { Dispatched } from "#server/gateway/dispatch.ts";
import type { Call } from "#server/gateway/exchange.ts";
import { replyOfRun } from "#server/gateway/reply.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import type { RunView } from "#server/sandbox/schema.ts";

/** A command that answered with text. */
export async function answerText(
  services: GatewayServices,
  exchange: Identified<Call>,
  dispatched: Dispatched,
  text: string,
) {
  const replied = repliedEvent(dispatched, exchange, { characters: text.length });
  await services.audit.append([dispatched.received, replied]);
  dispatched.admission.ticket.settle("succeeded");
  return { reply: { text }, decision: decisionView(dispatched) };
}

/** A finished run. */
export async function answerRun(
  services: GatewayServices,
  exchange: Identified<Call>,
  dispatched: Dispatched,
  run: RunView,
) {
  const text = replyOfRun(run);
  const outcome = { run: run.state, reason: run.reason, characters: text.length };
  await services.audit.append([repliedEvent(dispatched, exchange, outcome, run.id)]);
  dispatched.admission.ticket.settle(run.state === "succeeded" ? "succeeded" : "failed");
  return {
    reply: { text },
    runId: run.id,
    run: { state: run.state, exitCode: run.exitCode, reason: run.reason, usage: run.usage },
    decision: decisionView(dispatched),
  };
}

/** A run that goes on after the answer. */
export async function answerAccepted(
  services: GatewayServices,
  exchange: Identified<Call>,
  dispatched: Dispatched,
  runId: string,
) {
  await services.audit.append([repliedEvent(dispatched, exchange, { run: "accepted" }, runId)]);
  dispatched.admission.ticket.settle("succeeded");
  return { runId, follow: `/api/v1/runs/${runId}/events` };
}

const decisionView = ({ decision: { code, because, role } }: Dispatched) => ({ code, because, role });

function repliedEvent(
  { received }: Dispatched,
  { principal, incoming }: Identified<Call>,
  data: Record<string, string | number | null>,
  target?: string,
) {
  return {
    ...received,
    event: "message.replied" as const,
    actor: actorOf(principal, incoming.address),
    target,
    data,
  };
}
