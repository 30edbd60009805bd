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
    let body: AnswerBody | null = null;
    let ended: EndedEarly | null = null;
    let abort: ((reason: Error) => void) | null = null;
    // Also while the connection is still being made.
    end.onEarly = () => {
      ended = new EndedEarly();
      reject(ended);
      body?.fail(ended);
      abort?.(ended);
    };
    dispatcher.dispatch(options, {
      onRequestStart(controller) {
        if (ended !== null) {
          controller.abort(ended);
        }
        abort = (reason) => controller.abort(reason);
      },
      onResponseStart(controller, statusCode, headers) {
        // 1xx come before the answer.
        if (statusCode >= 200) {
          body = new AnswerBody(controller);
          resolve({ statusCode, headers, body });
        }
      },
      onResponseData(_controller, chunk) {
        body?.push(chunk);
      },
      onResponseEnd() {
        body?.end();
      },
      onResponseError(_controller, error) {
        body?.fail(error);
        reject(error);
      },
    });
  });
}

/** The call was ended from this side; `CallEnd.why` says for what. */
class EndedEarly extends Error {
  readonly code = "ERR_ENDED_EARLY";

  constructor() {
    super("the call was ended");
    this.name = "EndedEarly";
  }
}
