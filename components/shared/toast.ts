/** Short notices of what was done. A store of its own, because the usual library adds a style element that the page policy blocks. */

export interface ToastNotice {
  id: number;
  kind: "done" | "failed";
  text: string;
}

const DONE_MS = 6_000;
const MAX_SHOWN = 3;

let notices: readonly ToastNotice[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

/** Says what was done, in the past tense: `toast("Token rotated")`. Goes by itself. */
export function toast(text: string): void {
  const id = add("done", text);
  setTimeout(() => dismissToast(id), DONE_MS);
}

/** Says what could not be done and what to do about it. Stays until it is closed. For forms, show the error in the form instead. */
export function toastFailure(text: string): void {
  add("failed", text);
}

export function dismissToast(id: number): void {
  change(notices.filter((notice) => notice.id !== id));
}

export const toastStore = {
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  read: (): readonly ToastNotice[] => notices,
  readOnServer: (): readonly ToastNotice[] => NONE,
};

const NONE: readonly ToastNotice[] = [];

function add(kind: ToastNotice["kind"], text: string): number {
  lastId += 1;
  change([...notices, { id: lastId, kind, text }].slice(-MAX_SHOWN));
  return lastId;
}

function change(next: readonly ToastNotice[]): void {
  notices = next;
  for (const listener of listeners) {
    listener();
  }
}
