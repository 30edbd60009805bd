/** Every procedure of the console, and calls of them without any input: who may not call must learn nothing about what they take. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { APIRequestContext, APIResponse } from "@playwright/test";
import { ERROR_MEANINGS } from "../../server/core/error-map.ts";
import type { AppErrorCode } from "../../server/core/errors.ts";
import { ORIGIN } from "./environment.ts";

export interface Procedure {
  path: string;
  type: "query" | "mutation" | "subscription";
  permission: string;
  stepUp: boolean;
  enrolment: boolean;
}

export interface Answer {
  status: number;
  /** Null: it was let through. */
  appCode: string | null;
}

const SAME_ORIGIN = { origin: ORIGIN };
const EVENT_STREAM = { accept: "text/event-stream" };

/** As the running code declares them. */
export async function listProcedures(): Promise<Procedure[]> {
  const { stdout } = await promisify(execFile)(process.execPath, ["e2e/support/print-procedures.ts"]);
  return JSON.parse(stdout) as Procedure[];
}

export async function callProcedure(
  client: APIRequestContext,
  { path, type }: Procedure,
  headers: Record<string, string> = SAME_ORIGIN,
): Promise<Answer> {
  const url = `/api/trpc/${path}`;
  const answer =
    type === "mutation"
      ? await client.post(url, { headers, data: { json: null } })
      : await client.get(url, { headers: type === "subscription" ? { ...headers, ...EVENT_STREAM } : headers });
  if (type === "subscription") {
    // A stream says in an event what other answers say in their head.
    const [, appCode = null] = /"appCode":"(\w+)"/.exec(await answer.text()) ?? [];
    return { status: appCode === null ? answer.status() : ERROR_MEANINGS[appCode as AppErrorCode].http, appCode };
  }
  return { status: answer.status(), appCode: (await codesIn(answer))[0] ?? null };
}

/** Calls of one kind in one HTTP request. @returns the refusal of each, in order; null = let through. */
export async function callTogether(
  client: APIRequestContext,
  procedures: readonly Procedure[],
): Promise<(string | null)[]> {
  const url = `/api/trpc/${procedures.map(({ path }) => path).join(",")}?batch=1`;
  const answer =
    procedures[0]?.type === "mutation"
      ? await client.post(url, {
          headers: SAME_ORIGIN,
          data: Object.fromEntries(procedures.map((_, index) => [index, { json: null }])),
        })
      : await client.get(`${url}&input=%7B%7D`, { headers: SAME_ORIGIN });
  return codesIn(answer);
}

interface Envelope {
  error?: { json: { data: { appCode: string } } };
}

async function codesIn(answer: APIResponse): Promise<(string | null)[]> {
  if (!(answer.headers()["content-type"] ?? "").includes("json")) {
    return [];
  }
  const body = (await answer.json()) as Envelope | Envelope[];
  return (Array.isArray(body) ? body : [body]).map(({ error }) => error?.json?.data.appCode ?? null);
}
