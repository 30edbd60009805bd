/** For every check a fault that makes it speak. `registry.test.ts` fails for a check that is not here. */
import type { Spoiled } from "#server/scan/test/facts.ts";
import { ACCESS_PLANTS } from "#server/scan/test/plants-access.ts";
import { OPERATION_PLANTS } from "#server/scan/test/plants-operation.ts";

export const PLANTS: Readonly<Record<string, Spoiled>> = { ...ACCESS_PLANTS, ...OPERATION_PLANTS };
