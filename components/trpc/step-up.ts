/** Asking for a fresh proof of identity: the link asks, a dialog somewhere on the page answers. One question at a time, however many calls wait for it. */
import { TRPCClientError, type TRPCLink } from "@trpc/client";
import { observable } from "@trpc/server/observable";
import { appCodeOf } from "#components/trpc/query-client.ts";
import type { AppRouter } from "#server/trpc/root.ts";

let question: { answer: (ok: boolean) => void; outcome: Promise<boolean> } | null = null;
const listeners = new Set<() => void>();

/** The open question, for the dialog. */
export const stepUpStore = {
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  isAsking: (): boolean => question !== null,
  isAskingOnServer: (): boolean => false,
  /** Ends the question: calls that wait are repeated (`ok`) or fail. */
  answer: (ok: boolean): void => {
    question?.answer(ok);
    question = null;
    notify();
  },
};

/** Resolves once the visitor has confirmed (true) or declined (false). For calls that do not go through tRPC; the link asks by itself. */
function askForStepUp(): Promise<boolean> {
  if (question === null) {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    question = { answer: resolve, outcome: promise };
    notify();
  }
  return question.outcome;
}

/** Repeats a mutation once after the visitor has confirmed who they are. */
export const stepUpLink: TRPCLink<AppRouter> =
  () =>
  ({ op, next }) =>
    observable((observer) => {
      let stopped = false;
      let stop = send(true);
      return () => {
        stopped = true;
        stop();
      };

      function send(mayAsk: boolean): () => void {
        const subscription = next(op).subscribe({
          ...observer,
          error(error) {
            if (!mayAsk || op.type !== "mutation" || appCodeOf(error) !== "STEP_UP_REQUIRED") {
              observer.error(error);
              return;
            }
            askForStepUp().then(
              (ok) => {
                if (stopped) {
                  return;
                }
                if (ok) {
                  stop = send(false);
                } else {
                  observer.error(error);
                }
              },
              (cause: unknown) => observer.error(TRPCClientError.from(cause instanceof Error ? cause : new Error())),
            );
          },
        });
        return () => subscription.unsubscribe();
      }
    });

function notify(): void {
  for (const listener of listeners) {
    listener();
  }
}
