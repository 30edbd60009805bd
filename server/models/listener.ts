/**
 * The socket between the worker and this process, over which runs reach models. Its folder is open to this account alone.
 * Of several servers on one home one has it; a lock that ends with its process says which, so a socket file that was left behind is known
 * to be dead and is replaced, and another server takes over within seconds.
 */
import { chmodSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { messageOf } from "#server/core/errors.ts";
import { leaveUnreadBody } from "#server/core/http/unread-body.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { tryLock } from "#server/core/process-lock.ts";
import { UnderWay } from "#server/core/under-way.ts";
import { Stopping } from "#server/models/ending.ts";
import { createModelHandler } from "#server/models/handle.ts";
import type { ModelServices } from "#server/models/services.ts";

export const modelSocketPath = ({ runDir }: Pick<HomePaths, "runDir">): string => join(runDir, "models.sock");

/** Unix has room for little more than 100 bytes in an address. */
const MAX_SOCKET_PATH_BYTES = 100;
const TRY_AGAIN_MS = 2_000;
const HEADERS_WITHIN_MS = 10_000;
const REQUEST_WITHIN_MS = 30_000;
/** For the last bytes of answers when the process ends. */
const FLUSH_WITHIN_MS = 1_000;
const MAX_HEADER_BYTES = 16 * 1024;

export interface ModelListener {
  /** Takes no more calls, gives those under way `graceMs` to end, then breaks them off; each is counted and recorded. */
  close(graceMs: number): Promise<void>;
}

/** Starts serving, now or as soon as no other server on this home does. A home that is too deep for a socket is not served, and the log says so. */
export async function openModelListener(services: ModelServices & { paths: HomePaths }): Promise<ModelListener> {
  const { log, paths } = services;
  const path = modelSocketPath(paths);
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    log.error(
      { path },
      `runs cannot reach models: a socket's path may have ${MAX_SOCKET_PATH_BYTES} bytes. Move the OpenClaw home to a shorter path.`,
    );
    return { close: async () => undefined };
  }
  const stopping = new Stopping();
  const underWay = new UnderWay();
  const handle = createModelHandler(services, stopping);
  const server = createServer(
    { headersTimeout: HEADERS_WITHIN_MS, requestTimeout: REQUEST_WITHIN_MS, maxHeaderSize: MAX_HEADER_BYTES },
    (request, response) => {
      leaveUnreadBody(request, response);
      const done = handle(request, response).catch((error: unknown) => {
        log.error({ err: error }, "a model call failed");
        response.destroy();
      });
      void underWay.track(done);
    },
  );
  server.on("error", (error) => log.error({ err: error }, "the socket for models failed"));

  let release: (() => void) | null = null;
  let waiting: NodeJS.Timeout | undefined;
  let toldWaiting = false;

  async function serve(): Promise<void> {
    try {
      const lock = tryLock(join(paths.runDir, "models.lock"));
      if (lock !== null) {
        release = () => lock.release();
        rmSync(path, { force: true });
        await new Promise<void>((resolve, reject) => {
          server.once("error", reject);
          server.listen(path, () => {
            server.off("error", reject);
            resolve();
          });
        });
        chmodSync(path, 0o600);
        return;
      }
      if (!toldWaiting) {
        toldWaiting = true;
        log.info("another server on this home serves models to runs; waiting until it ends");
      }
    } catch (error) {
      release?.();
      release = null;
      log.error(`runs cannot reach models: ${messageOf(error)}`);
    }
    waiting = setTimeout(() => void serve(), TRY_AGAIN_MS);
    waiting.unref();
  }

  await serve();
  return {
    async close(graceMs) {
      clearTimeout(waiting);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = setTimeout(() => stopping.now(), graceMs);
      await underWay.ended();
      clearTimeout(timer);
      const flush = setTimeout(() => server.closeAllConnections(), FLUSH_WITHIN_MS);
      await closed;
      clearTimeout(flush);
      release?.();
      release = null;
    },
  };
}
