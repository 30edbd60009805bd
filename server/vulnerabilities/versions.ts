/** Comparing versions as npm, Debian and Alpine do. Pure. A version that cannot be read compares as null: callers then assume the worst. */

/** Negative, zero or positive, as for `sort`; null = not comparable. */
export function compareVersions(ecosystem: string, a: string, b: string): number | null {
  if (ecosystem === "npm") {
    return compareSemver(a, b);
  }
  // Alpine's order differs from Debian's in suffixes such as _rc1 only, which become a tilde: before the release, or a plus: behind it.
  return ecosystem.startsWith("Alpine") ? compareDebian(likeDebian(a), likeDebian(b)) : compareDebian(a, b);
}

const likeDebian = (version: string): string =>
  version.replace(/_(alpha|beta|pre|rc)/g, "~$1").replace(/_(cvs|svn|git|hg|p)/g, "+$1");

const SEMVER = /^[v=\s]*(\d{1,16})\.(\d{1,16})\.(\d{1,16})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;

/** Semantic Versioning 2.0, § 11. */
function compareSemver(a: string, b: string): number | null {
  const [left, right] = [SEMVER.exec(a.trim()), SEMVER.exec(b.trim())];
  if (left === null || right === null) {
    return null;
  }
  for (const part of [1, 2, 3]) {
    const difference = Number(left[part]) - Number(right[part]);
    if (difference !== 0) {
      return difference;
    }
  }
  const [before, after] = [left[4], right[4]];
  if (before === undefined || after === undefined) {
    return before === after ? 0 : before === undefined ? 1 : -1;
  }
  return comparePrerelease(before.split("."), after.split("."));
}

function comparePrerelease(a: readonly string[], b: readonly string[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const [left, right] = [a[at], b[at]];
    if (left === undefined || right === undefined) {
      return left === undefined ? -1 : 1;
    }
    const numbers = [left, right].map((text) => /^\d+$/.test(text));
    const difference =
      numbers[0] === true && numbers[1] === true
        ? Number(left) - Number(right)
        : numbers[0] !== numbers[1]
          ? numbers[0] === true
            ? -1
            : 1
          : left < right
            ? -1
            : left > right
              ? 1
              : 0;
    if (difference !== 0) {
      return difference;
    }
  }
  return 0;
}

/** Debian Policy § 5.6.12: epoch, upstream version, revision. */
function compareDebian(a: string, b: string): number | null {
  const [left, right] = [splitDebian(a), splitDebian(b)];
  if (left === null || right === null) {
    return null;
  }
  return (
    left.epoch - right.epoch || comparePart(left.upstream, right.upstream) || comparePart(left.revision, right.revision)
  );
}

function splitDebian(version: string): { epoch: number; upstream: string; revision: string } | null {
  const match = /^(?:(\d{1,9}):)?([0-9A-Za-z.+~:-]*?)(?:-([0-9A-Za-z.+~]+))?$/.exec(version.trim());
  const upstream = match?.[2] ?? "";
  return match === null || upstream === ""
    ? null
    : { epoch: Number(match[1] ?? 0), upstream, revision: match[3] ?? "0" };
}

/** Alternates between text, where letters come before other characters and a tilde before the end, and numbers. */
function comparePart(a: string, b: string): number {
  let [left, right] = [a, b];
  while (left !== "" || right !== "") {
    const [textA, textB] = [/^\D*/.exec(left)?.[0] ?? "", /^\D*/.exec(right)?.[0] ?? ""];
    for (let at = 0; at < Math.max(textA.length, textB.length); at += 1) {
      const difference = weight(textA[at]) - weight(textB[at]);
      if (difference !== 0) {
        return difference;
      }
    }
    left = left.slice(textA.length);
    right = right.slice(textB.length);
    const [digitsA, digitsB] = [/^\d*/.exec(left)?.[0] ?? "", /^\d*/.exec(right)?.[0] ?? ""];
    const difference = BigInt(digitsA === "" ? 0 : digitsA) - BigInt(digitsB === "" ? 0 : digitsB);
    if (difference !== 0n) {
      return difference < 0n ? -1 : 1;
    }
    left = left.slice(digitsA.length);
    right = right.slice(digitsB.length);
  }
  return 0;
}

function weight(character: string | undefined): number {
  if (character === undefined) {
    return 0;
  }
  return character === "~" ? -1 : /[A-Za-z]/.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256;
}

/** Whether an npm version lies in a range of comparators such as `>=1.0.0 <1.2.3 || =2.0.0`; null = the range cannot be read. */
export function inNpmRange(version: string, range: string): boolean | null {
  let unsure = false;
  for (const alternative of range.split("||")) {
    const answers = comparators(alternative).map((one) => (one === null ? null : holds(version, one)));
    if (answers.length > 0 && answers.every((answer) => answer === true)) {
      return true;
    }
    unsure ||= answers.length === 0 || (answers.includes(null) && !answers.includes(false));
  }
  return unsure ? null : false;
}

interface Comparator {
  sign: string;
  version: string;
}

function comparators(alternative: string): (Comparator | null)[] {
  const text = alternative.trim().replaceAll(/([<>=]=?)\s+/g, "$1");
  if (text === "*" || text === "x") {
    return [{ sign: ">=", version: "0.0.0-0" }];
  }
  return text
    .split(/[\s,]+/)
    .filter((word) => word !== "")
    .map((word) => {
      const [, sign = "", written = ""] = /^(>=|<=|>|<|=)?(.+)$/.exec(word) ?? [];
      const version = fill(written);
      return version === null ? null : { sign: sign === "" ? "=" : sign, version };
    });
}

/** `1.2` means 1.2.0; wildcards and carets are not written in advisories. */
function fill(written: string): string | null {
  const match = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?((?:-|\+).+)?$/.exec(written);
  return match === null ? null : `${match[1] ?? 0}.${match[2] ?? 0}.${match[3] ?? 0}${match[4] ?? ""}`;
}

function holds(version: string, { sign, version: bound }: Comparator): boolean | null {
  const order = compareSemver(version, bound);
  if (order === null) {
    return null;
  }
  return sign === "<"
    ? order < 0
    : sign === "<="
      ? order <= 0
      : sign === ">"
        ? order > 0
        : sign === ">="
          ? order >= 0
          : order === 0;
}

/** The end of the part of `range` that holds `version`, which is where the fix begins; null = it has no end, or one that still is affected. */
export function fixOfRange(version: string, range: string): string | null {
  const own = range.split("||").find((alternative) => inNpmRange(version, alternative) === true);
  return comparators(own ?? "").find((one) => one?.sign === "<")?.version ?? null;
}
