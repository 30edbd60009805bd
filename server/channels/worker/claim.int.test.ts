/** Which deliveries may be taken up, on a real database. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startSenderServices, type SenderTestServices } from "../../../tests/support/senders.ts";
import { claim } from "#server/channels/worker/claim.ts";

let services: SenderTestServices;
beforeAll(async () => {
  services = await startSenderServices();
});
afterAll(() => services.close());
beforeEach(() => services.asOwner("TRUNCATE channel_delivery CASCADE"));

interface More {
  /** That of a follow-up is its own id. */
  eventId?: string;
  conversation?: string;
  sender?: string;
  runId?: string;
}

const add = (
  id: string,
  state: string,
  { eventId = `update:${id}`, conversation = "chat", sender = "s", runId }: More = {},
) =>
  services.asOwner(
    `INSERT INTO channel_delivery (id, channel, event_id, kind, sender_id, conversation_id, event, state, request_id, run_id, leased_until)
     VALUES ('${id}', 'tg', '${eventId}', 'message', '${sender}', '${conversation}', '', '${state}', 'req',
             ${runId === undefined ? "NULL" : `'${runId}'`}, CASE WHEN '${state}' = 'accepted' THEN NULL ELSE now() + interval '1 hour' END)`,
  );
const taken = async () => (await claim(services.pool, "wrk_test", 10, [])).map(({ id }) => id);

describe("CHANNELS-10 the order of a conversation", () => {
  it("is kept: what follows waits for what is under way, other conversations do not", async () => {
    await add("dlv_1", "working");
    await add("dlv_2", "accepted");
    await add("dlv_3", "accepted", { conversation: "elsewhere" });
    expect(await taken()).toEqual(["dlv_3"]);
  });

  it("is not held by the run of an approval that goes on, and messages keep theirs among themselves", async () => {
    await add("apr_1", "working", { eventId: "apr_1" });
    await add("dlv_1", "accepted");
    await add("dlv_2", "accepted");
    expect(await taken()).toEqual(["dlv_1"]);
  });

  it("is each sender's own while a run goes on: it holds back whoever started it, and nobody else", async () => {
    await add("dlv_1", "working", { runId: "run_1" });
    await add("dlv_2", "accepted");
    await add("dlv_3", "accepted", { sender: "other" });
    expect(await taken()).toEqual(["dlv_3"]);
  });

  it("is that of all senders for what is answered at once, and for an answer that waits to be sent", async () => {
    await add("dlv_1", "working");
    await add("dlv_2", "accepted", { sender: "other" });
    await add("dlv_3", "replying", { conversation: "elsewhere", runId: "run_1" });
    await add("dlv_4", "accepted", { conversation: "elsewhere", sender: "other" });
    expect(await taken()).toEqual([]);
  });

  it("does not hold an approved run or its answer either", async () => {
    await add("apr_0", "working", { eventId: "apr_0" });
    await add("apr_1", "accepted", { eventId: "apr_1" });
    await add("aaa_1", "working");
    expect(await taken()).toEqual(["apr_1"]);
  });
});
