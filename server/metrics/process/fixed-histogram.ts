/** A histogram of prom-client's that shows numbers which somebody else has counted. */
import { Histogram, type MetricObjectWithValues, type MetricValueWithName, type Registry } from "prom-client";
import { BOUNDS_MS, ROUTES, type RequestNumbers } from "#server/metrics/process/request-meter.ts";

const MS = 1000;
const NAME = "openclaw_request_duration_seconds";
const HELP = "Time from a request to the end of its answer; a streamed answer counts with its whole length.";

type Value = MetricValueWithName<"route">;
type Shown = MetricObjectWithValues<Value>;

export class RequestDurations extends Histogram<"route"> {
  readonly #numbers: RequestNumbers;

  constructor(numbers: RequestNumbers, registry: Registry) {
    super({ name: NAME, help: HELP, labelNames: ["route"], registers: [registry] });
    this.#numbers = numbers;
  }

  override async get(): Promise<Shown> {
    const shown = { name: NAME, help: HELP, type: "histogram", aggregator: "sum", values: this.#values() };
    // Of prom-client's types the one for kinds of metrics is a constant enumeration; its values are these words.
    return shown as unknown as Shown;
  }

  /** What the registry prints. */
  getForPromString(): Promise<Shown> {
    return this.get();
  }

  #values(): Value[] {
    const width = BOUNDS_MS.length + 1;
    return ROUTES.flatMap((route, index) => {
      let total = 0;
      const buckets = [...BOUNDS_MS.map((bound) => bound / MS), "+Inf" as const].map((le, part) => {
        total += this.#numbers.classes[index * width + part] ?? 0;
        return { metricName: `${NAME}_bucket`, labels: { route, le }, value: total } as unknown as Value;
      });
      return [
        ...buckets,
        { metricName: `${NAME}_sum`, labels: { route }, value: (this.#numbers.sumMs[index] ?? 0) / MS },
        { metricName: `${NAME}_count`, labels: { route }, value: total },
      ];
    });
  }
}
