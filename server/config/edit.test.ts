import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { setInText } from "#server/config/edit.ts";
import { parseJson5 } from "#server/config/json5/parse.ts";
import { nodeAt, valueOf, type Path } from "#server/config/json5/value.ts";

function valueAt(text: string, path: Path): unknown {
  const { root, problems } = parseJson5(text);
  expect(problems).toEqual([]);
  const node = nodeAt(root, path);
  return node === undefined ? undefined : JSON.parse(JSON.stringify(valueOf(node)));
}

describe("keeps the hand of the writer", () => {
  const file = `// first
{
  gateway: {
    port: 1, // the port
    tls: { enabled: false },
  }, // end of gateway
  logging: {
    level: "info" // no comma here
    /* last */
  }
}
// after
`;

  test("a value is replaced where it stands", () => {
    expect(setInText(file, ["gateway", "port"], 18_789)).toBe(file.replace("port: 1,", "port: 18789,"));
  });

  test("an entry is added in the style of its neighbours", () => {
    expect(setInText(file, ["gateway", "bind"], "127.0.0.1")).toBe(
      file.replace("tls: { enabled: false },\n", 'tls: { enabled: false },\n    bind: "127.0.0.1",\n'),
    );
    expect(setInText(file, ["gateway", "tls", "cert"], "/c")).toBe(
      file.replace("enabled: false }", 'enabled: false, cert: "/c" }'),
    );
  });

  test("a missing comma goes to the value, not behind the comment", () => {
    expect(setInText(file, ["logging", "audit", "enabled"], true)).toBe(
      file.replace(
        '"info" // no comma here\n    /* last */\n',
        '"info", // no comma here\n    /* last */\n    audit: {\n      enabled: true,\n    },\n',
      ),
    );
  });

  test("missing parents are made, in an empty file as well", () => {
    const expected =
      '{\n  channels: {\n    "my channel": {\n      permissions: {\n        allowedUsers: ["ana"],\n      },\n    },\n  },\n}\n';
    const path = ["channels", "my channel", "permissions", "allowedUsers"];
    expect(setInText("", path, ["ana"])).toBe(expected);
    expect(setInText("{}\n", path, ["ana"])).toBe(expected);
    expect(setInText("{\n}\n", path, ["ana"])).toBe(expected);
  });

  test("tabs, Windows line ends and the byte order mark stay", () => {
    expect(setInText("\u{feff}{\r\n\tgateway: {\r\n\t\tport: 1\r\n\t}\r\n}", ["gateway", "bind"], "::1")).toBe(
      '\u{feff}{\r\n\tgateway: {\r\n\t\tport: 1,\r\n\t\tbind: "::1",\r\n\t}\r\n}',
    );
  });

  test("an object that holds only a comment", () => {
    expect(setInText("{\n  // nothing yet\n}", ["gateway", "port"], 1)).toBe(
      "{\n  // nothing yet\n  gateway: {\n    port: 1,\n  },\n}",
    );
    expect(setInText("{ /* nothing, yet */ }", ["port"], 1)).toBe("{ /* nothing, yet */\n  port: 1,\n}");
  });

  test("lists: an entry is replaced or added at the end", () => {
    expect(setInText('{ a: ["x"] }', ["a", 0], "y")).toBe('{ a: ["y"] }');
    expect(setInText('{ a: ["x"] }', ["a", 1], "y")).toBe('{ a: ["x", "y"] }');
    expect(setInText("{ a: [\n  1, // one\n] }", ["a", 1], 2)).toBe("{ a: [\n  1, // one\n  2,\n] }");
  });
});

test("says why it cannot", () => {
  expect(() => setInText("{ a: [1] }", ["a", 5], 1)).toThrow("index from 0 to 1");
  expect(() => setInText("{ a: 1 }", ["a", "b"], 1)).toThrow("a is not an object, so a.b cannot be set");
  expect(() => setInText("{ a: ", ["a"], 1)).toThrow("not valid JSON5");
});

test("whatever is set is read back, every comment stays, and nothing else changes", () => {
  const key = fc.oneof(
    fc.constantFrom("a", "b", "c d", "e"),
    fc.string({ minLength: 1, maxLength: 4 }).filter((text) => text !== "__proto__"),
  );
  const leaf = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.integer(),
    fc.boolean(),
    fc.array(fc.string(), { maxLength: 30 }),
    fc.constant(null),
  );
  const space = fc.constantFrom("", " ", "\n", "\n  ", "// note\n", " /* , } */ ", "\t", "\r\n");
  const tree = fc.letrec<{ text: string; entries: string[] }>((tie) => ({
    text: fc.oneof(
      { maxDepth: 3 },
      leaf.map((value) => JSON.stringify(value)),
      tie("entries").map((entries) => entries.join("")),
    ),
    entries: fc
      .tuple(
        fc.uniqueArray(key, { maxLength: 4 }),
        fc.infiniteStream(space),
        fc.infiniteStream(tie("text")),
        fc.boolean(),
      )
      .map(([keys, spaces, values, trailing]) => {
        const take = <Value>(stream: Iterator<Value>): Value => stream.next().value as Value;
        const members = keys.map(
          (name, index) =>
            `${take(spaces)}${JSON.stringify(name)}${take(spaces)}:${take(spaces)}${take(values)}${take(spaces)}${trailing || index < keys.length - 1 ? "," : ""}`,
        );
        return ["{", ...members, take(spaces), "}"];
      }),
  }));
  const comments = (text: string): string[] => parseComments(text);
  fc.assert(
    fc.property(
      tree.entries.map((parts) => parts.join("")),
      fc.array(key, { minLength: 1, maxLength: 3 }),
      leaf,
      (text, path, value) => {
        const before = parseJson5(text);
        expect(before.problems).toEqual([]);
        const replaced = nodeAt(before.root, path);
        fc.pre(replaced === undefined || replaced.kind === "scalar");
        let after: string;
        try {
          after = setInText(text, path, value);
        } catch (error) {
          expect(error).toMatchObject({ code: "INVALID_INPUT" });
          return;
        }
        expect(valueAt(after, path)).toEqual(value);
        expect(comments(after)).toEqual(comments(text));
        expect(withoutPath(after, path)).toEqual(withoutPath(text, path));
      },
    ),
    { numRuns: 2000 },
  );
});

/** Comments of the text that are not inside a string. */
function parseComments(text: string): string[] {
  return text.match(/"(?:[^"\\]|\\.)*"|\/\/[^\n\r]*|\/\*[^]*?\*\//g)?.filter((found) => !found.startsWith('"')) ?? [];
}

/** The value without what was set: empty parents on the way are left out too. */
function withoutPath(text: string, path: readonly string[]): unknown {
  const { root } = parseJson5(text);
  const value: unknown = root === undefined ? undefined : JSON.parse(JSON.stringify(valueOf(root)));
  const remove = (node: unknown, [step, ...rest]: readonly string[]): void => {
    if (typeof node !== "object" || node === null || step === undefined || !Object.hasOwn(node, step)) {
      return;
    }
    const record = node as Record<string, unknown>;
    remove(record[step], rest);
    const left = record[step];
    if (rest.length === 0 || (typeof left === "object" && left !== null && Object.keys(left).length === 0)) {
      delete record[step];
    }
  };
  remove(value, path);
  return value;
}
