import { describe, expect, it } from "vitest";
import { amount, amountWithUnit, recordLink, subjectText } from "#components/monitoring/words.ts";
import { KINDS, readQuery } from "#server/audit/policy.ts";
import { METRIC_NAMES, METRICS } from "#server/metrics/schema.ts";

describe("MON-1 words of the monitoring screen", () => {
  it("MON-1 says amounts in their unit", () => {
    expect(amount("model_spend_usd", 0.0021)).toBe("$0.0021");
    expect(amount("memory_bytes", 3 * 1024 ** 2)).toBe("3.0 MiB");
    expect(amount("latency_ms", 1_500)).toBe("1.5 s");
    expect(amountWithUnit("authentication_failures", 1_200)).toBe("1,200 failures");
    expect(subjectText("user:ana:b")).toBe("User ana:b");
    expect(subjectText("other:address")).toBe("All other addresses");
  });

  it("MON-1 leads to the events behind a bar, with a search that the record understands", () => {
    const link = recordLink("authentication_failures", "address:192.0.2.7", 0, 60_000);
    expect(new URLSearchParams(link?.split("?")[1]).get("q")).toBe("kind:authentication_failure address:192.0.2.7");
    expect(new URLSearchParams(link?.split("?")[1]).get("to")).toBe("1970-01-01T00:01:00.000Z");
    expect(recordLink("memory_bytes", "", 0, 1)).toBeNull();
    for (const metric of METRIC_NAMES.filter((name) => METRICS[name].record !== "")) {
      for (const subject of [
        "",
        "user:a b",
        "member:mem_x",
        "token:tok_1",
        "address:::1",
        "channel:slack",
        "other:user",
      ]) {
        const q = new URLSearchParams(recordLink(metric, subject, 0, 1)?.split("?")[1]).get("q") ?? "";
        expect(readQuery(q, 0).problems, q).toEqual([]);
      }
    }
    expect(KINDS.length).toBeGreaterThan(0);
  });
});
