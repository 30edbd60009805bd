/** What a connection cannot do without. */
import type { ResolvedConnection } from "#server/channels/adapter.ts";
import { AppError } from "#server/core/errors.ts";

type TextKey = Exclude<
  {
    [Key in keyof ResolvedConnection]-?: ResolvedConnection[Key] extends string | undefined ? Key : never;
  }[keyof ResolvedConnection],
  "channel" | "type" | "scheme"
>;

/**
 * The value of a key that the platform needs, as it was written.
 * @throws AppError NOT_CONFIGURED naming the key when it is missing or nothing but white space: its channel is then off.
 */
export function needed(connection: ResolvedConnection, key: TextKey): string {
  const value = connection[key];
  if (value === undefined || value.trim() === "") {
    const path = `channels.${connection.channel}.connection.${key}`;
    throw new AppError(
      "NOT_CONFIGURED",
      `${path} is blank: the channel is off and refuses every delivery. Set it, or the variable it refers to.`,
      { details: { key: path } },
    );
  }
  return value;
}
