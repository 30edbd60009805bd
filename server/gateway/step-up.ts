/**
 * Commands that ask for a code (`security.authorization.stepUp`), between the limits and the command. A person who writes from a platform
 * is asked in the same conversation; a caller of the API that speaks for a person is refused, as there is nobody to ask.
 */
import type { Principal } from "#server/access/schema.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import type { MessageFacts } from "#server/gateway/dispatch.ts";
import { Refusal } from "#server/gateway/refusal.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import type { Held, Whereabouts } from "#server/step-up/index.ts";
import { asksForCode, codeIn } from "#server/step-up/policy.ts";
import { z } from "zod";

const BECAUSE = "security.authorization.stepUp.commands";

/** What of a message is kept while it waits. */
const HeldFacts = z.object({
  parsed: z.object({ command: z.string(), args: z.string() }),
  options: z
    .object({
      profile: z.string().optional(),
      files: z.array(z.object({ path: z.string(), content: z.string() })).optional(),
      outputs: z.array(z.string()).optional(),
    })
    .optional(),
});

/** A message that is a code: what it confirms, or null when nothing waits. */
export interface CodeGiven {
  code: string;
  held: Held | null;
  /** The held message, in place of the one that carried the code. */
  facts: MessageFacts;
}

const settings = (services: GatewayServices) => services.config.current().config.security.authorization.stepUp;

/** Null where the message is no code, so that it goes its usual way. */
export async function codeGiven(
  services: GatewayServices,
  facts: MessageFacts,
  userId: string | null,
): Promise<CodeGiven | null> {
  const code = facts.conversation === undefined ? null : codeIn(facts.parsed);
  if (
    code === null ||
    userId === null ||
    facts.conversation === undefined ||
    settings(services).commands.length === 0
  ) {
    return null;
  }
  const held = await services.stepUp.held(whereOf(facts, facts.conversation), userId);
  if (held === null) {
    // Six digits of somebody who has an authenticator are taken for a late code, and never shown to an agent.
    return facts.parsed.command === "code" || (await services.stepUp.hasFactor(userId)) ? { code, held, facts } : null;
  }
  const kept = HeldFacts.parse(held.message);
  // The key stays that of the message with the code: its delivery finds the run again when its process dies.
  return { code, held, facts: { ...facts, ...kept, options: kept.options } };
}

/** Takes the held message out of waiting. @throws Refusal for a wrong or used code, and when nothing waits */
export async function acceptCode(
  services: GatewayServices,
  { code, held, facts }: CodeGiven,
  received: AuditEventInput,
): Promise<void> {
  if (held === null || facts.conversation === undefined) {
    throw refusedCode(
      received,
      "nothing_held",
      "Nothing waits for a code here. If the number was a question, write /ask and the number.",
    );
  }
  const confirmed = await services.stepUp.confirm(whereOf(facts, facts.conversation), held, code, occasionOf(received));
  if (!confirmed.ok) {
    const told = {
      locked_out: `Too many wrong codes. Wait ${confirmed.waitSeconds} s, then send the code your authenticator shows.`,
      code_wrong: "This code is not right, or it was used before. Send the next one your authenticator shows.",
      no_factor: noFactor(held.userId),
      message_gone: "The message that waited for this code is done, or its time was over.",
    }[confirmed.reason];
    throw refusedCode(received, confirmed.reason, told);
  }
}

/**
 * Asks for a code where the command wants one.
 * @returns what to say to the sender; null = the command may go on.
 * @throws Refusal STEP_UP_REQUIRED where nobody can be asked
 */
export async function askForCode(
  services: GatewayServices,
  principal: Principal,
  facts: MessageFacts,
  userId: string | null,
  received: AuditEventInput,
): Promise<string | null> {
  const { command } = facts.parsed;
  const config = settings(services);
  if (!asksForCode(config, command) || (principal.kind !== "channel" && userId === null)) {
    return null;
  }
  if (principal.kind !== "channel" || facts.conversation === undefined || userId === null) {
    throw denied(
      received,
      "step_up_required",
      `/${command} asks its sender for a code, which takes a conversation. Give it from a messaging platform, or use a token that speaks for no user.`,
    );
  }
  const at = whereOf(facts, facts.conversation);
  if (await services.stepUp.isProven(at, userId, config.validFor)) {
    return null;
  }
  if (!(await services.stepUp.hasFactor(userId))) {
    throw denied(received, "no_factor", `/${command} asks for a code of your authenticator. ${noFactor(userId)}`);
  }
  const { parsed, options } = facts;
  const message: z.input<typeof HeldFacts> = {
    parsed: { command, args: parsed.args },
    options:
      options === undefined
        ? undefined
        : { ...options, files: copied(options.files), outputs: copied(options.outputs) },
  };
  await services.stepUp.hold(at, { userId, command, message }, occasionOf(received));
  return `/${command} waits for you to prove that it is you. Send the six digits your authenticator shows within five minutes.`;
}

const copied = <T>(list: readonly T[] | undefined): T[] | undefined => (list === undefined ? undefined : [...list]);

const noFactor = (userId: string): string =>
  `You have none yet. Whoever runs this gateway enrols one: openclaw users enrol-totp ${userId}`;

function whereOf(
  { channel }: MessageFacts,
  { senderId, conversationId, threadId }: NonNullable<MessageFacts["conversation"]>,
): Whereabouts {
  return { channel, senderId, conversationId, threadId };
}

const occasionOf = ({ actor, userId, channel, address, requestId }: AuditEventInput) => ({
  actor,
  userId,
  channel,
  address,
  requestId,
});

function refusedCode(received: AuditEventInput, reason: string, message: string): Refusal {
  return new Refusal("STEP_UP_REQUIRED", message, {
    event: "message.code_refused",
    reason,
    userId: received.userId,
    channel: received.channel,
    data: { command: received.data?.["command"] ?? null },
  });
}

function denied(received: AuditEventInput, reason: string, message: string): Refusal {
  return new Refusal(
    "STEP_UP_REQUIRED",
    message,
    {
      event: "access.denied",
      reason,
      because: BECAUSE,
      userId: received.userId,
      channel: received.channel,
      data: { command: received.data?.["command"] ?? null },
    },
    { details: { reason, because: BECAUSE } },
  );
}
