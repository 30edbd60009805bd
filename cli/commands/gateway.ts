/** `openclaw gateway …`: tokens from the command line. */
import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import { registerGenerateToken } from "./gateway-generate.ts";
import { registerListTokens } from "./gateway-list.ts";
import { registerRevokeToken } from "./gateway-revoke.ts";
import { registerRotateToken } from "./gateway-rotate.ts";

export function registerGateway(program: Command, context: CliContext): void {
  const gateway = program.command("gateway").description("API tokens of the gateway");
  registerGenerateToken(gateway, context);
  registerRotateToken(gateway, context);
  registerListTokens(gateway, context);
  registerRevokeToken(gateway, context);
}
