/** Which events of the engine belong to a container's own life. */
import { describe, expect, test } from "vitest";
import { ContainerLife } from "#worker/engine-events.ts";

type Step = [kind: string, action: string, attributes?: Record<string, string>];
const OWN: Step[] = [
  ["container", "create"],
  ["container", "attach"],
  ["network", "connect", { name: "none" }],
  ["container", "start"],
];
const END: Step[] = [
  ["container", "oom"],
  ["container", "kill", { signal: "9" }],
  ["container", "die"],
  ["network", "disconnect", { name: "none" }],
  ["container", "destroy"],
];

function lifeOf(steps: Step[]): ContainerLife {
  const life = new ContainerLife();
  steps.forEach(([kind, action, attributes = {}], index) => life.note(String(index), kind, action, attributes));
  return life;
}

test("the life of an ordinary container raises nothing, also when events come twice", () => {
  expect(lifeOf([...OWN, ...END]).seen).toBeNull();
  const life = lifeOf([...OWN, ...END]);
  [...OWN, ...END].forEach(([kind, action, attributes = {}], index) =>
    life.note(String(index), kind, action, attributes),
  );
  expect(life.seen).toBeNull();
});

describe("foreign", () => {
  test.each<Step>([
    ["container", "exec_create: cat /etc/secret"],
    ["container", "exec_start: sh"],
    ["container", "update"],
    ["container", "rename", { oldName: "/a", name: "b" }],
    ["container", "pause"],
    ["container", "unpause"],
    ["container", "archive-path"],
    ["container", "extract-to-dir"],
    ["container", "copy"],
    ["container", "commit"],
    ["container", "export"],
    ["container", "top"],
    ["container", "resize"],
    ["container", "attach"],
    ["container", "start"],
    ["container", "restart"],
    ["container", "kill", { signal: "10" }],
    ["container", "checkpoint"],
    ["container", "something new"],
    ["network", "connect", { name: "bridge" }],
    ["network", "disconnect", { name: "none" }],
  ])("%s %s while it runs", async (kind, action, attributes = {}) => {
    const life = lifeOf([...OWN, [kind, action, attributes], ...END]);
    expect(await life.first).toBe(life.seen);
    expect(life.seen?.action).toBe((kind === "network" ? `network_${action}` : action).replace(/:.*/, ""));
    expect(JSON.stringify(life.seen)).not.toContain("secret");
  });

  test("before the start counts too", () => {
    expect(lifeOf([OWN[0] ?? ["", ""], ["container", "extract-to-dir"]]).seen?.action).toBe("extract-to-dir");
    expect(lifeOf([...OWN.slice(0, 2), ["container", "attach"]]).seen?.action).toBe("attach");
  });
});
