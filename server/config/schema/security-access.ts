/** `security.apiKeys`, `security.keyRotation`, `security.authorization`: credentials of providers, roles and users. */
import { z } from "zod";
import { dictionary, duration, name, names, secret, wholeNumber } from "#server/config/schema/fields.ts";
import { DAY, HOUR, SECOND } from "#server/config/units.ts";

export const ApiKeys = z
  .strictObject({
    anthropic: secret().optional().describe("Key of the Anthropic API."),
    openai: secret().optional().describe("Key of the OpenAI API."),
    google: secret().optional().describe("Key of the Google AI API."),
  })
  .prefault({})
  .describe("Keys of model providers. Write `${NAME}` to take a key from the environment at the moment of use.");

export const KeyRotation = z
  .strictObject({
    enabled: z.boolean().prefault(true).describe("Watches the age of every key."),
    interval: duration({ min: HOUR, max: 3650 * DAY })
      .prefault("30d")
      .describe("Age at which a key is due."),
    notifyBefore: duration({ min: 0, max: 3650 * DAY })
      .prefault("7d")
      .describe("How long before that the notice goes out."),
  })
  .prefault({})
  .describe("Rotation of provider keys.");

export const Authentication = z
  .strictObject({
    mfa: z
      .strictObject({
        requiredRoles: names()
          .prefault(["*"])
          .describe("Roles whose members need a second factor in the console: `*` for all, an empty list for none."),
      })
      .prefault({})
      .describe("The second factor."),
  })
  .prefault({})
  .describe("How members of the console prove who they are. Ours, not the guide's.");

const Role = z.strictObject({
  permissions: names().prefault([]).describe("`*`, `read`, `write`, or `resource:action` such as `tokens:rotate`."),
  channels: names().prefault([]).describe("Channels the role may use; `*` for all."),
  commands: names().prefault([]).describe("Commands the role may give; `*` for all."),
});

const Restrictions = z
  .strictObject({
    maxMessages: wholeNumber({ min: 1, max: 1_000_000_000 }).describe("Messages in any window of `timeWindow`."),
    timeWindow: duration({ min: SECOND, max: 365 * DAY }).describe("Length of the sliding window."),
  })
  .optional()
  .describe("Limit of this user alone.");

const User = z.strictObject({
  role: name().describe("The user's role."),
  channels: names().optional().describe("Narrows the channels of the role; absent means all of the role's."),
  restrictions: Restrictions,
  memberId: name()
    .optional()
    .describe(
      "Id of the console member this person is: they approve no run in the console that they asked for in a chat. Ours, not the guide's.",
    ),
});

export const Authorization = z
  .strictObject({
    enabled: z
      .boolean()
      .prefault(true)
      .describe("Checks roles, channels and commands. Off is possible on loopback only."),
    roles: dictionary(Role).prefault({}).describe("Roles by name. When present, the file owns all roles."),
    users: dictionary(User).prefault({}).describe("Users by immutable id. When present, the file owns all users."),
    stepUp: z
      .strictObject({
        commands: names()
          .prefault([])
          .describe("Commands that ask their sender for a code of an authenticator, on every channel; `*` for all."),
        validFor: duration({ min: 0, max: DAY })
          .prefault("0s")
          .describe("How long a right code holds for further commands of the sender; 0 asks every time."),
      })
      .prefault({})
      .describe("Commands that take a fresh proof of who gives them. Ours, not the guide's."),
  })
  .prefault({})
  .describe("Who may do what.");
