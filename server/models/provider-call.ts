/**
 * One request to a provider, straight on undici's dispatcher. `request()` of the same library wraps each answer in a stream and each call in
 * a signal, which costs more than all that the gateway itself does with a short answer.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import { AnswerBody } from "#server/models/answer-body.ts";
import type { CallEnd } from "#server/models/ending.ts";

export interface ProviderAnswer {
  statusCode: number;
  headers: IncomingHttpHeaders;
  body: AnswerBody;
}

/** Resolves with the head of the answer. @throws what broke the connection off, or an `EndedEarly` when `end` came first. */
export function dispatchCall(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  end: CallEnd,
): Promise<ProviderAnswer> {
  if (end.why !== null) {
    return Promise.reject(new EndedEarly());
  }
  return new Promise((resolve, reject) => {
    dispatcher.dispatch(options, new CallHandler(end, resolve, reject));
  });
}

class CallHandler implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: ProviderAnswer) => void;
  readonly #reject: (error: Error) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #body: AnswerBody | null = null;
  #ended: EndedEarly | null = null;

  constructor(end: CallEnd, resolve: (answer: ProviderAnswer) => void, reject: (error: Error) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
    // Also while the connection is still being made.
    end.onEarly = () => this.#endEarly();
  }

  #endEarly(): void {
    this.#ended = new EndedEarly();
    this.#reject(this.#ended);
    this.#body?.fail(this.#ended);
    this.#controller?.abort(this.#ended);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#ended !== null) {
      controller.abort(this.#ended);
    }
    this.#controller = controller;
  }

  onResponseStart(controller: Dispatcher.DispatchController, statusCode: number, headers: IncomingHttpHeaders): void {
    // 1xx come before the answer.
    if (statusCode >= 200) {
      this.#body = new AnswerBody(controller);
      this.#resolve({ statusCode, headers, body: this.#body });
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#body?.push(chunk);
  }

  onResponseEnd(): void {
    this.#body?.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#body?.fail(error);
    this.#reject(error);
  }
}

/** The call was ended from this side; `CallEnd.why` says for what. */
class EndedEarly extends Error {
  readonly code = "ERR_ENDED_EARLY";

  constructor() {
    super("the call was ended");
    this.name = "EndedEarly";
  }
}
