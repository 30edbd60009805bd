/** The plain value behind a tree, and where a path of it stands in the text. */
import type { ArrayNode, Member, Node, ObjectNode } from "#server/config/json5/parse.ts";

export type Path = readonly (string | number)[];

/** Objects without a prototype; of a key that is written twice the last one, of `__proto__` nothing: `keyProblems` reports both. */
export function valueOf(node: Node): unknown {
  switch (node.kind) {
    case "object": {
      const value = Object.create(null) as Record<string, unknown>;
      for (const member of node.members) {
        if (member.key !== "__proto__") {
          value[member.key] = valueOf(member.value);
        }
      }
      return value;
    }
    case "array":
      return node.items.map(valueOf);
    case "scalar":
      return node.value;
    case "invalid":
      return undefined;
  }
}

export interface KeyProblem {
  path: Path;
  offset: number;
  kind: "duplicate" | "forbidden";
  /** Offset of the first of two equal keys. */
  first: number;
}

export function keyProblems(node: Node, path: Path = []): KeyProblem[] {
  if (node.kind === "array") {
    return node.items.flatMap((item, index) => keyProblems(item, [...path, index]));
  }
  if (node.kind !== "object") {
    return [];
  }
  const seen = new Map<string, number>();
  return node.members.flatMap(({ key, keyStart, value }) => {
    const here = [...path, key];
    const first = seen.get(key);
    seen.set(key, first ?? keyStart);
    const inner = keyProblems(value, here);
    if (key === "__proto__") {
      return [{ path: here, offset: keyStart, kind: "forbidden" as const, first: keyStart }, ...inner];
    }
    return first === undefined
      ? inner
      : [{ path: here, offset: keyStart, kind: "duplicate" as const, first }, ...inner];
  });
}

export function memberOf(node: ObjectNode, key: string): Member | undefined {
  return node.members.findLast((member) => member.key === key);
}

export function itemOf(node: ArrayNode, index: string | number): Node | undefined {
  return /^\d+$/.test(String(index)) ? node.items[Number(index)] : undefined;
}

/** The node at `path`, or undefined when the text does not hold it. */
export function nodeAt(root: Node | undefined, path: Path): Node | undefined {
  let node = root;
  for (const step of path) {
    node =
      node?.kind === "object"
        ? memberOf(node, String(step))?.value
        : node?.kind === "array"
          ? itemOf(node, step)
          : undefined;
  }
  return node;
}

/** Where to point for a problem at `path`: its key where there is one, else the nearest thing around it that exists. */
export function offsetOf(root: Node | undefined, path: Path): number {
  let node = root;
  let offset = root?.start ?? 0;
  for (const step of path) {
    if (node?.kind === "object") {
      const member = memberOf(node, String(step));
      offset = member?.keyStart ?? offset;
      node = member?.value;
    } else {
      node = node?.kind === "array" ? itemOf(node, step) : undefined;
      offset = node?.start ?? offset;
    }
    if (node === undefined) {
      break;
    }
  }
  return offset;
}
