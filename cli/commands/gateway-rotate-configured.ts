/** `openclaw gateway rotate-token` for the one token that is written in the configuration file. */
import { printJson, type CliContext } from "../context.ts";
import { openExistingKeys } from "../keys.ts";
import { OPERATOR } from "../operator.ts";
import type { RotateOptions } from "./gateway-rotate.ts";
import { OPERATOR_GRANT } from "./gateway-shared.ts";
import { recordEvents } from "#server/audit/index.ts";
import { referencesOf, setConfigValue } from "#server/config/index.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError, messageOf } from "#server/core/errors.ts";
import { findUsableToken, newTokenSecret, rotateToken, type TokenDeps } from "#server/tokens/index.ts";

const KEY = "gateway.token";

interface Request {
  /** As it stands in the file, decrypted. */
  configured: string;
  graceMs: number;
  expiresInMs: number | null | undefined;
  options: RotateOptions;
}

/** @throws AppError CONFIG_INVALID when the value comes from the environment or the file cannot be written. */
export async function rotateConfiguredToken(context: CliContext, deps: TokenDeps, request: Request): Promise<void> {
  const variables = referencesOf(request.configured);
  if (variables.length > 0) {
    throw new AppError(
      "CONFIG_INVALID",
      `${KEY} comes from the environment (${variables.join(", ")}), which this command cannot change. Set it to a new value there and start ` +
        "the gateway again, or name the token to rotate: openclaw gateway rotate-token <id>",
    );
  }
  const tokenId = await findUsableToken(deps, request.configured);
  await (tokenId === null ? replaceValue(context, deps, request) : replaceBoth(context, deps, request, tokenId));
}

/** A value that is no token of the database, or one that has ended there: it is the configuration's alone, so the old one ends when the gateway reads the file. */
async function replaceValue(context: CliContext, deps: TokenDeps, { expiresInMs, options }: Request): Promise<void> {
  if (expiresInMs !== undefined && expiresInMs !== null) {
    throw new AppError(
      "INVALID_INPUT",
      `--expires: ${KEY} does not expire. Use a token that does: openclaw gateway generate-token --expires ${options.expires ?? "24h"}`,
    );
  }
  if (options.grace !== undefined) {
    throw new AppError(
      "INVALID_INPUT",
      `--grace: the old ${KEY} ends as soon as the gateway has read the file. Leave --grace out.`,
    );
  }
  const { text } = newTokenSecret(deps.settings.tokenLength);
  await withTx(deps.db, async (tx) => {
    const event = { event: "token.rotated", outcome: "ok", actor: OPERATOR, target: KEY } as const;
    await recordEvents(tx, [{ ...event, data: { file: context.paths.configFile } }]);
    // Last, so that nothing is on record that did not happen.
    await setConfigValue(context.paths.configFile, KEY, text, () => openExistingKeys(context));
  });
  print(context, options, { id: KEY, token: text, expiresAt: null, replaces: KEY, graceEndsAt: null });
  context.err(
    `${KEY} in ${context.paths.configFile} is replaced. The old one ends as soon as the gateway has read the file.`,
  );
}

async function replaceBoth(
  context: CliContext,
  deps: TokenDeps,
  { graceMs, expiresInMs, options }: Request,
  tokenId: string,
): Promise<void> {
  const rotated = await rotateToken(deps, OPERATOR_GRANT, { tokenId, graceMs, expiresInMs });
  // Printed first: the secret exists from now on, whatever becomes of the file.
  print(context, options, rotated);
  try {
    await setConfigValue(context.paths.configFile, KEY, rotated.token, () => openExistingKeys(context));
  } catch (error) {
    throw new AppError(
      "CONFIG_INVALID",
      `Token ${tokenId} is replaced by ${rotated.id}, but ${KEY} still holds the old one: ${messageOf(error)} Write the new one with: openclaw config set ${KEY} -`,
      { cause: error },
    );
  }
  context.err(`Token ${rotated.id} replaces ${tokenId} and is written as ${KEY} in ${context.paths.configFile}.`);
}

interface Printed {
  id: string;
  token: string;
  expiresAt: Date | null;
  replaces: string;
  graceEndsAt: Date | null;
}

function print(context: CliContext, { json }: RotateOptions, printed: Printed): void {
  if (json === true) {
    printJson(context, printed);
    return;
  }
  context.out(printed.token);
  context.err("Copy it now: it is not shown again.");
}
