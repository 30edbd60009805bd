/**
 * Requests of this process as numbers of fixed size: nothing is allocated for one, and no list grows. Counts only rise; who reads them keeps what
 * was there before.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** What requests are told apart by. Never anything a caller chooses. */
export const ROUTES = ["messages", "runs", "models", "hooks", "api", "health", "live", "console"] as const;

/** The classes of an answer; the last is for what was cut off before its answer was through. */
export const ANSWERS = ["1xx", "2xx", "3xx", "4xx", "5xx", "cut"] as const;
const CUT = ANSWERS.length - 1;

/** Upper bounds of the durations' classes, milliseconds; one more class is above all. */
export const BOUNDS_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000] as const;
const CLASSES = BOUNDS_MS.length + 1;

const PREFIXES: readonly (readonly [prefix: string, route: number])[] = [
  ["/api/v1/messages", 0],
  ["/api/v1/runs", 1],
  ["/v1/", 2],
  ["/hooks/", 3],
  ["/api/v1/", 4],
  ["/healthz", 5],
  ["/readyz", 5],
  ["/startupz", 5],
  ["/metrics", 5],
];
const LIVE = 6;
const CONSOLE = 7;

/** The numbers, by index into `ROUTES`. */
export interface RequestNumbers {
  /** `answers[route * ANSWERS.length + answer]` requests. */
  answers: Float64Array;
  /** `classes[route * (BOUNDS_MS.length + 1) + class]` requests of that duration. */
  classes: Float64Array;
  /** Milliseconds of all requests of the route together. */
  sumMs: Float64Array;
}

export interface RequestMeter {
  /** A request has begun; its end is seen by itself. */
  begin(request: IncomingMessage, response: ServerResponse): void;
  /** A live connection has begun. */
  beginLive(socket: Duplex): void;
  readonly numbers: RequestNumbers;
  /** Requests and live connections under way. */
  open(): number;
  /** The greatest number of them, and the slowest request of each route in milliseconds, since the last call. */
  takePeaks(): { open: number; slowestMs: Float64Array };
}

const STARTED = Symbol("started");
type Timed = ServerResponse & { [STARTED]?: number };

export function createRequestMeter(now: () => number = () => performance.now()): RequestMeter {
  const numbers: RequestNumbers = {
    answers: new Float64Array(ROUTES.length * ANSWERS.length),
    classes: new Float64Array(ROUTES.length * CLASSES),
    sumMs: new Float64Array(ROUTES.length),
  };
  let slowest = new Float64Array(ROUTES.length);
  let open = 0;
  let mostOpen = 0;

  function begun(): void {
    open += 1;
    mostOpen = Math.max(mostOpen, open);
  }

  // One function for all responses.
  function onClose(this: Timed): void {
    open -= 1;
    const route = routeOf(this.req.url ?? "");
    const answer = this.writableFinished ? Math.floor(this.statusCode / 100) - 1 : CUT;
    increase(numbers.answers, route * ANSWERS.length + (answer >= 0 && answer < CUT ? answer : CUT), 1);
    const ms = now() - (this[STARTED] ?? now());
    increase(numbers.classes, route * CLASSES + classOf(ms), 1);
    increase(numbers.sumMs, route, ms);
    slowest[route] = Math.max(slowest[route] ?? 0, ms);
  }

  function onLiveClose(): void {
    open -= 1;
  }

  return {
    begin(_request, response: Timed) {
      begun();
      response[STARTED] = now();
      response.once("close", onClose);
    },
    beginLive(socket) {
      begun();
      increase(numbers.answers, LIVE * ANSWERS.length, 1);
      socket.once("close", onLiveClose);
    },
    numbers,
    open: () => open,
    takePeaks() {
      const peaks = { open: mostOpen, slowestMs: slowest };
      mostOpen = open;
      slowest = new Float64Array(ROUTES.length);
      return peaks;
    },
  };
}

function routeOf(url: string): number {
  for (const [prefix, route] of PREFIXES) {
    if (url.startsWith(prefix)) {
      return route;
    }
  }
  return CONSOLE;
}

function classOf(ms: number): number {
  let index = 0;
  for (const bound of BOUNDS_MS) {
    if (ms <= bound) {
      return index;
    }
    index += 1;
  }
  return index;
}

function increase(numbers: Float64Array, index: number, by: number): void {
  numbers[index] = (numbers[index] ?? 0) + by;
}
