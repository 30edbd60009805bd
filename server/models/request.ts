/**
 * What a caller may ask a provider. Pure.
 * Threats: numbers that make a budget meaningless, work that ends after it was counted, and a way out of the sandbox through the provider,
 * which can search the web, call servers and fetch addresses for whoever asks it. A program without a network gets none this way: tools that
 * run at the provider and addresses in place of content are refused. Clients of the API have a network of their own.
 */
import { ModelRefusal } from "#server/models/api-error.ts";
import { isObject, parseObject, type JsonObject } from "#server/models/json.ts";
import type { Caller } from "#server/models/caller.ts";
import type { ApiType } from "#server/models/policy.ts";
import { isModelName } from "#server/models/resolve.ts";

const MAX_TOKENS = 1_000_000_000;
const MAX_ANSWERS = 128;
/** From 1 up to this. */
const COUNTS = [
  ["max_tokens", MAX_TOKENS],
  ["max_completion_tokens", MAX_TOKENS],
  ["max_output_tokens", MAX_TOKENS],
  ["n", MAX_ANSWERS],
] as const;

/** Members that let the provider reach further, act later, or read what the run was not given. */
const FURTHER = ["mcp_servers", "web_search_options", "plugins", "background", "conversation", "prompt"] as const;

/** Tools that the program itself carries out, by API; any other kind runs at the provider. */
const OWN_TOOLS: Readonly<Record<ApiType, RegExp>> = {
  openai: /^(?:function|custom)$/,
  anthropic: /^(?:custom|(?:bash|text_editor|computer|memory)_\d{8})$/,
};

/**
 * The request as an object, and the model it names.
 * @throws ModelRefusal (400) that names the member and the fix.
 */
export function readRequest(
  api: ApiType,
  text: string,
  kind: Caller["kind"] = "program",
): { body: JsonObject; model: string } {
  const body = parseObject(text);
  if (body === null) {
    throw invalid("The body must be a JSON object in UTF-8.");
  }
  if (isDeeperThan(body, MAX_JSON_DEPTH)) {
    throw invalid(`The body is nested too deeply: more than ${MAX_JSON_DEPTH} levels.`);
  }
  const model = body["model"];
  if (!isModelName(model)) {
    throw invalid(
      '`model` must name a model, such as "openai/gpt-5-mini"; GET /v1/models lists what may be used here.',
    );
  }
  for (const [name, max] of COUNTS) {
    const value = body[name];
    const isCount = Number.isInteger(value) && Number(value) >= 1 && Number(value) <= max;
    if (value !== undefined && value !== null && !isCount) {
      throw invalid(`\`${name}\` must be a whole number from 1 to ${max}.`);
    }
  }
  if (kind === "client") {
    if (body["background"] === true) {
      throw invalid(
        "`background` is not possible here: the answer would come after the call was counted. Leave it out.",
      );
    }
    return { body, model };
  }
  const further = FURTHER.find((name) => name in body && body[name] !== null && body[name] !== false);
  if (further !== undefined) {
    throw reaches(`\`${further}\` is not open to programs in the sandbox. Leave it out.`);
  }
  checkTools(api, body["tools"]);
  for (const name of ["messages", "input", "system"] as const) {
    checkContent(body[name], name, 0);
  }
  return { body, model };
}

function checkTools(api: ApiType, tools: unknown): void {
  if (tools === undefined || tools === null) {
    return;
  }
  if (!Array.isArray(tools)) {
    throw invalid("`tools` must be a list.");
  }
  for (const [index, tool] of tools.entries()) {
    const type: unknown = isObject(tool) ? (tool["type"] ?? "custom") : undefined;
    if (typeof type !== "string" || !OWN_TOOLS[api].test(type)) {
      throw reaches(
        `\`tools[${index}]\` runs at the provider, which is not open to programs in the sandbox. Use tools of your own (functions).`,
      );
    }
  }
}

/** Levels of the whole body. What is deeper could be read and not be written again. */
const MAX_JSON_DEPTH = 100;

/** Walks in place: a list of each object's members would be most of the work. What is parsed has no members but its own. */
function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  if (levels === 0) {
    return true;
  }
  if (Array.isArray(value)) {
    return value.some((member) => isDeeperThan(member, levels - 1));
  }
  for (const name in value) {
    if (isDeeperThan((value as JsonObject)[name], levels - 1)) {
      return true;
    }
  }
  return false;
}

/** Levels of messages, parts and results of tools; real ones have four. */
const MAX_DEPTH = 8;

/** Content may hold data, not addresses that the provider would fetch: what is asked for tells the host there something. */
function checkContent(value: unknown, path: string, depth: number): void {
  if (depth > MAX_DEPTH) {
    throw invalid(`\`${path}\` is nested too deeply.`);
  }
  if (Array.isArray(value)) {
    value.forEach((item, index) => checkContent(item, `${path}[${index}]`, depth + 1));
    return;
  }
  if (!isObject(value)) {
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    const address: unknown = isObject(member) ? member["url"] : member;
    const isAddress = name.endsWith("_url") && typeof address === "string" && !/^data:/i.test(address);
    if (isAddress || (name === "source" && isObject(member) && member["type"] === "url")) {
      throw reaches(
        `\`${path}.${name}\` is an address, which the provider would fetch. Send the content itself instead.`,
      );
    }
    if (name === "content" || name === "output") {
      checkContent(member, `${path}.${name}`, depth + 1);
    }
  }
}

const invalid = (message: string): ModelRefusal => new ModelRefusal(400, "invalid_request", message);
const reaches = (message: string): ModelRefusal => new ModelRefusal(400, "not_open_to_programs", message);
