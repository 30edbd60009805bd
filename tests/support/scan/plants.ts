/** For every check a fault that makes it speak. `registry.test.ts` fails for a check that is not here. */
import type { Spoiled } from "./facts.ts";
import { ACCESS_PLANTS } from "./plants-access.ts";
import { OPERATION_PLANTS } from "./plants-operation.ts";

export const PLANTS: Readonly<Record<string, Spoiled>> = { ...ACCESS_PLANTS, ...OPERATION_PLANTS };
