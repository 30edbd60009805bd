/** Runs in the sandbox, what they call, and what is seen at their containers. */
import { COUNT, type EventText } from "#server/audit/catalogue/text.ts";

const RUN = "Id of the run.";
const ATTEMPT = "Number of the attempt, from 1: a run of a lost worker is done once more.";
const STATE = "`succeeded`, `failed` or `cancelled`.";
const END_REASON =
  "`exit`, `memory`, `processes`, `disk`, `output_limit`, `timeout`, `cancelled`, `worker_lost`, `engine_unavailable`, `image_missing`, `limit_unenforceable`, `refused`, `internal`.";

const END = {
  state: STATE,
  attempt: ATTEMPT,
  exitCode: "The program's exit code, or null.",
  wallMs: "Time the program ran (milliseconds), or null.",
  cpuMs: "CPU time it used (milliseconds), or null.",
  memoryPeakBytes: "The most memory it had in use at once (bytes), or null.",
  acquireMs: "Time until it had a container (milliseconds), or null.",
  warm: "Whether the container had been made ahead, or null.",
  imageDigest: "Digest of the image, or null.",
  limits: "Limits that were in force: memory and disk in bytes, CPU in cores, time in milliseconds.",
  lostWorker: "The worker that was lost.",
} as const;

const SIGHT = {
  containerId: "The container, or null.",
  attempt: ATTEMPT,
  state: STATE,
  end: "Why the run ended.",
} as const;

const APPROVAL = "Id of the approval.";
const HASH = "SHA-256 of what is to run, in hexadecimal.";

export const RUNS = {
  "run.approval_asked": {
    meaning: "A run waits until somebody else has approved it.",
    target: APPROVAL,
    fields: {
      sha256: HASH,
      language: "Its language, or `agent`.",
      profile: "The sandbox profile that asks for approval.",
      agent: "The agent that is to answer, or null.",
    },
  },
  "run.approval_granted": {
    meaning: "Somebody has read and approved a run of somebody else.",
    target: APPROVAL,
    fields: { sha256: HASH },
  },
  "run.approval_denied": {
    meaning: "A run that waited for approval was turned down.",
    target: APPROVAL,
    fields: { sha256: HASH },
  },
  "run.approval_expired": {
    meaning: "A run waited an hour for approval in vain.",
    target: APPROVAL,
    fields: {},
  },
  "run.approval_rejected": {
    meaning: "Somebody tried to decide about a run in vain.",
    target: APPROVAL,
    reason:
      "own_request: it was their own; same_member: who asked is the same console member; same_owner: a token of the same owner asked, or the owner did; hash_wrong: they read something else than what is stored; not_pending: it was decided already, or is too old.",
    fields: COUNT,
  },
  "run.approval_failed": {
    meaning: "An approved run was not started.",
    target: APPROVAL,
    reason:
      "Code of the decision about its requester as they are now, such as `command_not_in_role`; requester_gone, profile_not_allowed, cannot_decrypt; model_changed: its agent has another model now; model_not_granted: the list of the token that asked leaves its model out; or the code of the error.",
    because: "The rule that decided.",
    fields: {},
  },
  "run.queued": {
    meaning: "A run was accepted.",
    target: RUN,
    reason: "As for its message.",
    because: "As for its message.",
    fields: {
      language: "Language of the program, or `agent` for a question to an agent.",
      profile: "Sandbox profile.",
      bytes: "Size of the program or question in UTF-8.",
      files: "How many files came with it.",
      agent: "Name of the agent.",
      model: "Model of the agent, or null.",
    },
  },
  "run.started": {
    meaning: "A worker has taken a run.",
    target: RUN,
    fields: {
      attempt: ATTEMPT,
      language: "Language of the program, or `agent`.",
      profile: "Sandbox profile.",
      agent: "Name of the agent.",
      model: "Model of the agent, or null.",
    },
  },
  "run.ended": { meaning: "A run has ended, well or not.", target: RUN, reason: END_REASON, fields: END },
  "run.refused": {
    meaning: "An accepted run could not be carried out; no program was started.",
    target: RUN,
    reason: END_REASON,
    fields: END,
  },
  "run.cancel_requested": { meaning: "Somebody asked to stop a run.", target: RUN, fields: {} },
  "run.requeued": {
    meaning: "The worker of a run was lost; the run is done once more.",
    target: RUN,
    reason: "`worker_lost`.",
    fields: { attempt: "The attempt that was lost.", lostWorker: "The worker that was lost." },
  },
  "run.call_refused": {
    meaning: "A program in the sandbox called the gateway in a way it may not.",
    target: RUN,
    reason: "`token_invalid`, `models_not_granted`, or the code of a malformed request.",
    fields: COUNT,
  },
  "sandbox.limit_hit": {
    meaning: "A run was ended by one of its limits.",
    target: RUN,
    reason: END_REASON,
    fields: { limit: "The limit: `memory`, `processes`, `disk`, `output_limit` or `timeout`." },
  },
  "sandbox.escape_attempt": {
    meaning: "The host saw a program try to leave its container.",
    target: RUN,
    reason: "`forbidden_call`, `stray_process`.",
    fields: {
      calls: "Killed system calls: name to count.",
      processes: "Processes with what none there can have (`namespace`, `account`, `capabilities`): kind to count.",
      ...SIGHT,
    },
  },
  "sandbox.escape_suspected": {
    meaning:
      "The kernel killed a process for a forbidden call, and this container is one of those it can have come from.",
    target: RUN,
    reason: "`forbidden_call`.",
    fields: {
      calls: "Killed system calls: name to count.",
      containersAtThatTime: "How many containers it can have come from.",
      ...SIGHT,
    },
  },
  "sandbox.container_drift": {
    meaning: "The engine made another container than it was asked for; no program was given to it.",
    target: "Id of the run, or of a waiting container.",
    reason: "`drift`.",
    fields: { settings: "Settings that differ.", ...SIGHT },
  },
  "sandbox.foreign_action": {
    meaning: "Another client of the engine laid hands on a container of the gateway; its run was ended.",
    target: "Id of the run, or of a waiting container.",
    reason: "`foreign_client`.",
    fields: { action: "What was done, as the engine calls it.", attributes: "What the engine tells of it.", ...SIGHT },
  },
  "sandbox.orphan_removed": {
    meaning: "A container that no live worker answers for was removed.",
    target: RUN,
    reason: "`worker_gone`, `not_running`, `deadline_passed`.",
    fields: { containerId: "The container.", worker: "The worker that had made it." },
  },
  "model.accepted": {
    meaning:
      "A call of a model is answered with a stream, or with an answer in one piece that takes its provider more than a few milliseconds. Nothing of it reached the caller before this was on record; the call's own event follows.",
    target: "Id of the run, or the call.",
    fields: {
      call: "Id of the call, as in the list of calls.",
      model: "`provider/model` that is asked first.",
      path: "Path of the call.",
    },
  },
  "model.called": {
    meaning:
      "A run, or a caller of the API, called a model. On record before its answer ended, or right behind an answer in one piece that has an event of its own (`model.accepted`).",
    target: "Id of the run, or the call.",
    reason:
      "How it ended: `answered`, `caller_gone`, `token_ended`, `locked`, `timeout`, `stopping`, `provider_error`, `provider_unreachable` …",
    fields: {
      model: "`provider/model` that answered, or was tried last.",
      asked: "`provider/model` that was asked for.",
      attempts: "How often a provider was asked.",
      failed: "What became of the attempts before the last: model, ending and status of each.",
      path: "Path of the call.",
      status: "HTTP status of the provider, or null when it did not answer.",
      inputTokens: "Tokens sent.",
      outputTokens: "Tokens received.",
      estimated: "Whether the numbers of tokens are an estimate.",
      costNano: "What it cost in billionths of a US dollar, or null when no price is known.",
      wallMs: "How long it took (milliseconds).",
    },
  },
  "model.refused": {
    meaning: "A call of a model was refused before any provider heard of it.",
    target: "Id of the run, or the call.",
    reason:
      "`token_missing`, `token_unknown`, `run_ended`, `path_unknown`, `model_not_granted`, `budget_exhausted`, `price_unknown`, `too_many_calls`, `invalid_request` …",
    because: "The budget that decided: a configuration path.",
    fields: {
      status: "HTTP status of the answer.",
      model: "The model that was asked for, or null.",
      path: "Path of the call.",
      ...COUNT,
    },
  },
  "egress.allowed": {
    meaning: "A run was let through to a host of its profile.",
    target: RUN,
    fields: { host: "Name of the host.", port: "Port.", address: "Address its name led to.", ...COUNT },
  },
  "egress.refused": {
    meaning: "A request of a run to the outside was refused, or did not get through.",
    target: RUN,
    reason: "`not_granted`, `host_not_listed`, `address_not_public`, `port_refused`, `upload_limit` …",
    fields: {
      host: "Name of the host; empty when none could be made out.",
      port: "Port; 0 when none could be made out.",
      address: "Addresses its name led to.",
      ...COUNT,
    },
  },
} as const satisfies Record<string, EventText>;
