/** The options of a start: typed, or refused with what is possible. */
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { addStartOptions, readStartOptions, type StartOptions } from "./options.ts";

function parse(args: string[]): StartOptions {
  const command = addStartOptions(new Command("start"))
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  command.parse(args, { from: "user" });
  return readStartOptions(command.opts());
}

describe("start options", () => {
  it("have defaults for everything", () => {
    expect(parse([])).toEqual({
      port: undefined,
      configFile: undefined,
      home: undefined,
      only: [],
      embeddedDatabase: true,
      askMasterKey: false,
      verbose: false,
    });
  });

  it("take a list of parts in both spellings, each once", () => {
    expect(parse(["--only", "gateway", "--only", "worker,gateway"]).only).toEqual(["gateway", "worker"]);
  });

  it("make paths absolute", () => {
    const { configFile, home } = parse(["--config", "a.json5", "--home", "h"]);
    expect([configFile, home]).toEqual([`${process.cwd()}/a.json5`, `${process.cwd()}/h`]);
  });

  it.each([
    ["--port", "70000"],
    ["--port", "8e3"],
    ["--port", "-1"],
    ["--port", ""],
    ["--only", "gatway"],
    ["--only", ""],
    ["--wrong"],
    ["extra"],
  ])("refuse %s %s", (...args) => {
    expect(() => parse(args.filter((arg) => arg !== undefined))).toThrow();
  });

  it("switch the embedded database off", () => {
    expect(parse(["--no-embedded-db"]).embeddedDatabase).toBe(false);
    expect(parse(["--ask-master-key"]).askMasterKey).toBe(true);
  });
});
