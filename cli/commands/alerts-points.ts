/** `openclaw alerts points|test|secret|rotate-secret`: contact points and their secrets. */
import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "commander";
import type { ListOptions } from "../access-edit.ts";
import { consoleOrigin } from "../console-address.ts";
import { printJson, printTable, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { openExistingKeys } from "../keys.ts";
import { OPERATOR } from "../operator.ts";
import { sayWhenLong } from "../progress.ts";
import {
  getAlertDelivery,
  isSecretWritten,
  listPoints,
  rotatePointSecret,
  sendPointTest,
  showPointSecret,
} from "#server/alerts/index.ts";
import { loadConfig, resolveSecret, secretOpener } from "#server/config/index.ts";
import type { Db } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";

interface TestOptions extends ListOptions {
  wait: string;
}

const LOOK_MS = 250;

export function registerAlertPoints(alerts: Command, context: CliContext): void {
  alerts
    .command("points")
    .description("list where alerts go, and whether that works with the variables of this shell")
    .option("--json", "print an array")
    .addHelpText("after", "\nExample:\n  openclaw alerts points")
    .action(async ({ json }: ListOptions) => points(context, json === true));

  alerts
    .command("test <point>")
    .description("have the running gateway send a test to a contact point, and wait for what becomes of it")
    .option("--wait <seconds>", "how long to wait", "60")
    .option("--json", "print {id, state, reason, tries}")
    .addHelpText(
      "after",
      '\nThe contact point\'s name or id.\n\nExample:\n  openclaw alerts test "Webhook (configuration)"',
    )
    .action(async (point: string, options: TestOptions) => test(context, point, options));

  alerts
    .command("secret <point>")
    .description("show a signing secret that the gateway made, once")
    .option("--json", "print {secret}")
    .addHelpText("after", "\nExample:\n  openclaw alerts secret file:webhook")
    .action(async (point: string, { json }: ListOptions) => {
      const { secret } = await withPoints(context, async ({ db, keyring, idOf }) =>
        showPointSecret({ db, keyring }, OPERATOR, await idOf(point)),
      );
      printSecret(context, secret, json);
    });

  alerts
    .command("rotate-secret <point>")
    .description("make a new signing secret; for a day notifications carry the signatures of both")
    .option("--json", "print {secret}")
    .addHelpText("after", "\nExample:\n  openclaw alerts rotate-secret file:webhook")
    .action(async (point: string, { json }: ListOptions) => {
      const { secret } = await withPoints(context, async ({ db, keyring, config, idOf }) => {
        const id = await idOf(point);
        return rotatePointSecret({ db, keyring }, OPERATOR, id, isSecretWritten(config, id));
      });
      printSecret(context, secret, json);
    });
}

function printSecret(context: CliContext, secret: string, json: boolean | undefined): void {
  if (json === true) {
    printJson(context, { secret });
  } else {
    context.out(secret);
    context.err("Shown once: give it to the receiver now.");
  }
}

type Opened = Awaited<ReturnType<typeof open>>;

async function withPoints<T>(context: CliContext, work: (points: Opened) => Promise<T>): Promise<T> {
  return withDatabase(context, async (db) => work(await open(context, db)));
}

async function open(context: CliContext, db: Db) {
  const keyring = await openExistingKeys(context);
  const loaded = loadConfig(context.paths.configFile);
  const opener = secretOpener(keyring);
  const config = {
    current: () => loaded,
    secret: (path: string, written: string) => resolveSecret(path, written, { open: opener }),
  };
  const views = () => listPoints({ db, keyring, config, paths: context.paths }, new Date());
  return {
    db,
    keyring,
    config,
    views,
    idOf: async (point: string): Promise<string> => {
      const found = (await views()).find(({ id, name }) => id === point || name === point);
      if (found === undefined) {
        throw new AppError("NOT_FOUND", `There is no contact point "${point}". List them with: openclaw alerts points`);
      }
      return found.id;
    },
  };
}

async function points(context: CliContext, json: boolean): Promise<void> {
  const views = await withPoints(context, ({ views: read }) => read());
  if (json) {
    printJson(context, views);
    return;
  }
  if (views.length === 0) {
    context.err("Nobody is told. Write security.monitoring.alerting, or add a contact point in the console.");
    return;
  }
  printTable(
    context,
    ["id", "name", "type", "state", "to"],
    views.map(({ id, name, type, enabled, problem, recipients, host }) => [
      id,
      name,
      type,
      !enabled ? "off" : problem === null ? "ready" : "not configured",
      type === "email" ? recipients.join(", ") : (host ?? ""),
    ]),
  );
  for (const { name, problem } of views) {
    if (problem !== null) {
      context.err(`${name}: ${problem}`);
    }
  }
}

async function test(context: CliContext, point: string, { wait, json }: TestOptions): Promise<void> {
  const seconds = Number(wait);
  if (!Number.isFinite(seconds) || seconds < 0 || seconds > 600) {
    throw new AppError("INVALID_INPUT", "--wait: write a number of seconds up to 600.");
  }
  const result = await withPoints(context, async ({ db, idOf }) => {
    const origin = await consoleOrigin(context, db);
    const { id } = await sendPointTest(db, OPERATOR, await idOf(point), { origin, now: new Date() });
    return sayWhenLong(context, "Waiting for the gateway to send it", ended(db, id, seconds));
  });
  const { id, state, reason, tries } = result;
  if (json === true) {
    printJson(context, { id, state, reason, tries });
  } else if (state === "sent") {
    context.out(`The test was taken by ${result.pointName}.`);
  } else {
    const last = tries.at(-1)?.response ?? "the gateway has not tried yet; is it running?";
    context.err(`The test is ${state === "failed" ? `lost (${reason ?? ""})` : "not taken yet"}: ${last}`);
  }
  if (state !== "sent") {
    context.setExitCode(1);
  }
}

async function ended(db: Db, id: string, seconds: number) {
  const until = performance.now() + seconds * 1000;
  for (;;) {
    const delivery = await getAlertDelivery(db, id);
    if (delivery.state !== "waiting" || performance.now() >= until) {
      return delivery;
    }
    await delay(LOOK_MS);
  }
}
