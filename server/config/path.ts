/** Key paths as people write them: `gateway.tls.cert`, `channels["my channel"].permissions`, `gateway.allowedIps[0]`. Pure. */
import type { Path } from "#server/config/json5/value.ts";

const PLAIN = /^[\w$][\w$-]*$/;
const STEP = /\.?([\w$][\w$-]*)|\[(\d{1,6})\]|\[("(?:[^"\\]|\\.)*")\]/y;

export function formatPath(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === "number") {
        return `[${step}]`;
      }
      return PLAIN.test(step) ? (index === 0 ? step : `.${step}`) : `[${JSON.stringify(step)}]`;
    })
    .join("");
}

/** The steps of a written path, or undefined when it is not one. */
export function parsePath(written: string): Path | undefined {
  const step = new RegExp(STEP);
  const path: (string | number)[] = [];
  while (step.lastIndex < written.length) {
    const offset = step.lastIndex;
    const [, plain, index, quoted] = step.exec(written) ?? [];
    const startsWithDot = written.charAt(offset) === ".";
    if (plain !== undefined && startsWithDot !== (offset === 0)) {
      path.push(plain);
    } else if (index !== undefined) {
      path.push(Number(index));
    } else if (quoted !== undefined) {
      path.push(unquote(quoted));
    } else {
      return undefined;
    }
  }
  return path.length === 0 || path.includes("__proto__") || path.includes("") ? undefined : path;
}

function unquote(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return "";
  }
}
