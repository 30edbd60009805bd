/** Calls of the API as a test makes them: from a loopback address of its own, with whatever headers an attacker would send. */
import { Agent, request } from "undici";

export interface Called {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** The parsed body of a JSON answer, else null. */
  body: ApiBody | null;
  requestId: string;
}

interface ApiBody {
  error?: { code: string; message: string; details?: Record<string, unknown>; requestId: string };
  reply?: { text: string };
  runId?: string;
  [key: string]: unknown;
}

interface Call {
  method?: string;
  token?: string;
  headers?: Record<string, string>;
  /** Sent as JSON; a Buffer or text as it is. */
  body?: unknown;
  /** Loopback address to come from; default 127.0.0.1. */
  from?: string;
}

export async function callApi(url: string, path: string, call: Call = {}): Promise<Called> {
  const { method = "GET", token, headers = {}, body, from = "127.0.0.1" } = call;
  const agent = new Agent({ localAddress: from });
  try {
    const answer = await request(url + path, {
      method,
      dispatcher: agent,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      body: body === undefined ? null : typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    });
    const text = await answer.body.text();
    const isJson = String(answer.headers["content-type"]).startsWith("application/json");
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text,
      body: isJson ? (JSON.parse(text) as ApiBody) : null,
      requestId: String(answer.headers["x-request-id"]),
    };
  } finally {
    await agent.close();
  }
}

/** The `/help` command or another text, as a message. */
export const say = (url: string, token: string, text = "/help", more: object = {}): Promise<Called> =>
  callApi(url, "/api/v1/messages", { method: "POST", token, body: { channel: "api", text, ...more } });
