/** Bar charts as inline SVG: one bar per point, its series on top of each other. Pure. Colours come from the page's style. */
import { escapeHtml } from "#server/audit/report/escape-html.ts";
import type { Chart } from "#server/audit/report/schema.ts";
import { digits } from "#server/audit/report/totals.ts";

const WIDTH = 900;
const HEIGHT = 260;
const LEFT = 120;
const TOP = 24;
const BOTTOM = 100;
/** Labels along the bottom at most. */
const LABELS = 12;

export function chartSvg({ id, title, series, points }: Chart): string {
  const most = Math.max(1, ...points.map(({ values }) => sum(values)));
  const height = HEIGHT - TOP - BOTTOM;
  const step = (WIDTH - LEFT) / Math.max(1, points.length);
  const y = (value: number): number => TOP + height - (value / most) * height;
  const every = Math.ceil(points.length / LABELS);
  const bars = points.flatMap(({ label, values }, index) => {
    const x = LEFT + index * step + step * 0.1;
    let below = 0;
    return values.flatMap((value, place) => {
      const from = below;
      below += value;
      const name = series[place] ?? "";
      const rect = `<rect class="${escapeHtml(name)}" x="${round(x)}" y="${round(y(below))}" width="${round(step * 0.8)}" height="${round(y(from) - y(below))}">`;
      return value === 0 ? [] : [`${rect}<title>${escapeHtml(`${label}: ${digits(value)} ${name}`)}</title></rect>`];
    });
  });
  const labels = points.flatMap(({ label }, index) => {
    const x = round(LEFT + (index + 0.5) * step);
    const bottom = HEIGHT - BOTTOM + 14;
    return index % every === 0 || points.length <= LABELS * 2
      ? [
          `<text x="${x}" y="${bottom}" text-anchor="end" transform="rotate(-30 ${x} ${bottom})">${escapeHtml(label)}</text>`,
        ]
      : [];
  });
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="c-${id}">`,
    `<title id="c-${id}">${escapeHtml(`${title}, at most ${digits(most)} in one bar`)}</title>`,
    `<line class="axis" x1="${LEFT}" y1="${TOP + height}" x2="${WIDTH}" y2="${TOP + height}"/>`,
    `<text x="${LEFT - 6}" y="${TOP + 4}" text-anchor="end">${digits(most)}</text>`,
    `<text x="${LEFT - 6}" y="${TOP + height}" text-anchor="end">0</text>`,
    ...(series.length === 1 ? [] : legend(series)),
    ...bars,
    ...labels,
    "</svg>",
  ].join("\n");
}

function legend(series: readonly string[]): string[] {
  return series.map((name, index) => {
    const x = LEFT + index * 90;
    return `<rect class="${escapeHtml(name)}" x="${x}" y="4" width="10" height="10"/><text x="${x + 15}" y="13">${escapeHtml(name)}</text>`;
  });
}

const round = (value: number): number => Math.round(value * 100) / 100;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
