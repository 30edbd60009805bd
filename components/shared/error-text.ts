/** Words for what went wrong in a call to the server. */
import {
  appCodeOf,
  detailsOf,
  fieldErrorsOf,
  httpStatusOf,
  requestIdOf,
  type CallError,
} from "#components/trpc/query-client.ts";

/** Failure and remedy, with the id under which the server's log has the call. */
export function errorText(error: CallError): string {
  if (appCodeOf(error) === "STEP_UP_REQUIRED") {
    return "It was not confirmed that it is you, so nothing was changed. Try again and confirm.";
  }
  if (httpStatusOf(error) === null) {
    return "The gateway does not answer, so nothing is known to have changed. Check that it is running, then try again.";
  }
  const requestId = requestIdOf(error);
  return requestId === null || error.message.includes(requestId) ? error.message : `${error.message} (${requestId})`;
}

/** The error of each form field by its name: invalid input, and refusals that name the field. */
export function errorsByField(error: CallError | null): Readonly<Record<string, string>> {
  if (error === null) {
    return {};
  }
  const errors: Record<string, string> = {};
  for (const [field, messages] of Object.entries(fieldErrorsOf(error) ?? {})) {
    const first = messages?.[0];
    if (first !== undefined) {
      errors[field] = first;
    }
  }
  const field = detailsOf(error)?.field;
  if (typeof field === "string") {
    errors[field] ??= error.message;
  }
  return errors;
}
