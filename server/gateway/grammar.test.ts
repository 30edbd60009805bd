import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AppError } from "#server/core/errors.ts";
import { parseAskArgs, parseRunArgs, parseText } from "#server/gateway/grammar.ts";

describe("the text grammar", () => {
  it.each([
    ["/run python\nprint(6*7)", "run", "python\nprint(6*7)"],
    ["  /HELP  ", "help", ""],
    ["/status@my_bot now", "status", "now"],
    ["what is up?", "ask", "what is up?"],
    ["/ask /run", "ask", "/run"],
    ["/run\npython", "run", "python"],
  ])("%j is /%s", (text, command, args) => {
    expect(parseText(text)).toMatchObject({ command, args });
  });

  it.each(["", "  \n ", "/", "/ help", "/1", "//x"])("%j is refused with a hint", (text) => {
    expect(() => parseText(text)).toThrow(/^text: /);
  });

  it.each([
    ["python\nprint(1)\n  x", "python", "print(1)\n  x"],
    ["PYTHON\r\nprint(1)", "python", "print(1)"],
    ["sh echo hi", "sh", "echo hi"],
    ["node\n\n1", "node", "\n1"],
  ])("%j runs %s", (args, language, code) => {
    expect(parseRunArgs(args)).toEqual({ language, code });
  });

  it.each(["", "ruby\nputs 1", "python", "python\n  \n", "\npython\nx"])(
    "/run %j is refused with the usage",
    (args) => {
      expect(() => parseRunArgs(args)).toThrow(/\/run/);
    },
  );

  it.each([
    ["what is up?", null, "what is up?"],
    ["@coder write\n a test", "coder", "write\n a test"],
    ["  @Coder\nwrite", "Coder", "write"],
    ["mail a@b.c", null, "mail a@b.c"],
    ["@ what", null, "@ what"],
  ])("/ask %j asks %s", (args, agent, question) => {
    expect(parseAskArgs(args)).toEqual({ agent, question });
  });

  it.each(["", "  \n", "@coder", "@coder \n "])("/ask %j is refused with the usage", (args) => {
    expect(() => parseAskArgs(args)).toThrow(/^text: there is no question\. Write \/ask/);
  });

  it("never throws anything but an AppError, and passes code on byte for byte", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        try {
          const { args } = parseText(text);
          expect(parseAskArgs(args).question.trim()).not.toBe("");
          parseRunArgs(args);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
    );
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (code) => {
        fc.pre(code.trim() !== "");
        expect(parseRunArgs(`python\n${code}`).code).toBe(code);
      }),
    );
  });
});
