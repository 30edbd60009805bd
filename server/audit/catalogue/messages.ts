/** Messages and the decisions about them. */
import { COUNT, type EventText } from "#server/audit/catalogue/text.ts";

const COMMAND = "The command, lower case, without its slash.";

export const MESSAGES = {
  "message.received": {
    meaning: "A message was let through: its sender is known, the policy allows it and no limit is reached.",
    target: "The run it started.",
    reason: "`allowed`, `authorization_disabled`.",
    because: "The rule that allowed it.",
    fields: { command: COMMAND, role: "The role it was judged by." },
  },
  "message.replied": {
    meaning: "A message was answered; the reply left after this was on record.",
    target: "The run it started.",
    reason: "As for the message.",
    because: "As for the message.",
    fields: {
      characters: "Length of the reply in UTF-16 units.",
      run: "State of the run at that time, or `accepted` when the run goes on after the answer.",
      reason: "Why the run ended.",
    },
  },
  "message.refused": {
    meaning:
      "A request was refused for what it asks, not for who asks: unknown command, malformed input, something not available.",
    target: "Method and path of the request.",
    reason: "`unknown_command`, `agent_unknown`, `model_missing`, `profile_missing`, or the code of the error.",
    because: "The configuration path that decided.",
    fields: { command: COMMAND, role: "The role it was judged by.", ...COUNT },
  },
  "access.denied": {
    meaning: "The policy denied a message, a call or a procedure of the console to a known caller.",
    target: "Method and path of the request, or name of the procedure.",
    reason:
      "Code of the decision, such as `command_not_in_role`, `permission_missing`, `profile_not_allowed`; `beyond_grant`: a change in the console would have given more than its maker holds; `own_account`, `own_binding`: it was about its maker.",
    because: "The rule that decided: a configuration path, or a role or channel of the database.",
    fields: {
      command: COMMAND,
      role: "The role it was judged by.",
      permission: "The permission that is missing.",
      ...COUNT,
    },
  },
  "policy.explained": {
    meaning: "Somebody asked what the policy would say to a message, without sending one.",
    reason: "Code of the answer.",
    because: "The rule that would decide.",
    fields: {
      command: COMMAND,
      token: "Id of the token imagined to send it, or null.",
      role: "The role imagined to send it, or null.",
    },
  },
} as const satisfies Record<string, EventText>;
