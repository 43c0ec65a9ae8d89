/** A chart as ECharts is told to draw it; thresholds' names are laid beside it by the component. */
import type { EChartsCoreOption } from "echarts/core";
import { hourMinute } from "../clock";
import { DASHES, type Rank } from "../levels";
import { lineOf as lineColour, type Palette } from "../palette";
import type { Threshold } from "../thresholds";
import { gapsOf, hoursBetween, ticksTo, type LinePoint } from "./line";

export interface Drawing {
  readonly line: readonly LinePoint[];
  readonly intervalS: number;
  readonly thresholds: readonly Threshold[];
  readonly expected: readonly LinePoint[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly clockMs: number;
  readonly top: number;
  readonly rank: Rank;
  /** The last value is in doubt: late, or the line to the server is cut. */
  readonly doubtful: boolean;
  readonly fontPx: number;
  readonly margin: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
  readonly gapWord: string;
  readonly said: (point: LinePoint) => string;
}

export function optionOf(drawing: Drawing, palette: Palette): EChartsCoreOption {
  const { colour, font, unit } = palette;
  const { line, thresholds, expected, fromMs, toMs, top, margin, fontPx } = drawing;
  const inside = thresholds.filter((each) => each.value <= top);
  const gaps = gapsOf(line, drawing.intervalS);
  const data = line.flatMap((point, i) => (gaps.some((gap) => gap.toMs === point.atMs) && i > 0 ? [[point.atMs - 1, null], [point.atMs, point.value]] : [[point.atMs, point.value]]));
  const last = line.at(-1);
  const text = { color: colour["ink-3"], fontFamily: font, fontSize: fontPx, fontWeight: 500 };
  return {
    animation: false,
    grid: { ...margin, containLabel: false },
    tooltip: {
      trigger: "axis",
      confine: true,
      backgroundColor: colour.bg,
      borderColor: colour["line-2"],
      textStyle: { color: colour.ink, fontFamily: font, fontSize: fontPx + 1 },
      padding: [4, 8],
      axisPointer: { lineStyle: { color: colour["line-2"] } },
      formatter: (items: readonly { readonly value: readonly [number, number | null] }[]) => {
        const element = document.createElement("span");
        const [atMs, value] = items[0]?.value ?? [0, null];
        element.textContent = value === null ? "" : `${hourMinute(atMs)}  ${drawing.said({ atMs, value })}`;
        return element;
      },
    },
    xAxis: {
      type: "value",
      min: fromMs,
      max: toMs,
      axisLine: { lineStyle: { color: colour["line-2"] }, onZero: false },
      splitLine: { show: false },
      axisTick: { customValues: hoursBetween(fromMs, toMs), lineStyle: { color: colour["line-2"] } },
      axisLabel: { ...text, customValues: hoursBetween(fromMs, toMs), formatter: (value: number) => hourMinute(value), hideOverlap: true },
    },
    yAxis: {
      type: "value",
      min: 0,
      max: top,
      axisLine: { show: false },
      axisTick: { show: false },
      splitLine: { lineStyle: { color: colour.grid } },
      axisLabel: { ...text, customValues: ticksTo(top) },
    },
    series: [
      {
        type: "line",
        data,
        showSymbol: false,
        connectNulls: false,
        lineStyle: { color: colour.data, width: 2.2 * unit, ...(drawing.doubtful ? { type: [2 * unit, 3 * unit] } : {}) },
        itemStyle: { color: colour.data },
        areaStyle: { color: colour["data-fill"] },
        emphasis: { disabled: true },
        z: 3,
        markLine: {
          silent: true,
          symbol: "none",
          label: { show: false },
          data: [
            ...inside.map((each) => ({ yAxis: each.value, lineStyle: { color: lineColour(palette, each.rank), width: (each.rank === 4 ? 2.2 : 1.6) * unit, type: dashes(each.rank, unit) } })),
            ...(last && !drawing.doubtful ? [{ xAxis: drawing.clockMs, lineStyle: { color: colour["line-2"], width: unit, type: "solid" as const } }] : []),
          ],
        },
        markArea: { silent: true, data: [...bands(inside, top, palette), ...gaps.map((gap) => [{ xAxis: gap.fromMs, itemStyle: { color: colour["hatch"], opacity: 0.18 }, label: { ...text, show: true, position: "insideTop", formatter: drawing.gapWord } }, { xAxis: gap.toMs }])] },
      },
      ...(last ? [{
        type: "line",
        data: [[last.atMs, last.value], ...expected.map((each) => [each.atMs, each.value])],
        symbol: "circle",
        symbolSize: 9 * unit,
        lineStyle: { color: colour.data, width: 2 * unit, type: [2 * unit, 4 * unit] },
        itemStyle: { color: colour.bg, borderColor: colour.data, borderWidth: 2 * unit },
        emphasis: { disabled: true },
        tooltip: { show: false },
        z: 4,
      }, {
        type: "line",
        data: [[last.atMs, last.value]],
        symbol: "circle",
        symbolSize: 9 * unit,
        itemStyle: drawing.doubtful
          ? { color: colour.bg, borderColor: colour["ink-off"], borderWidth: 1.6 * unit }
          : { color: drawing.rank > 0 ? lineColour(palette, drawing.rank) : colour.data, borderColor: colour.bg, borderWidth: 1.5 * unit },
        emphasis: { disabled: true },
        tooltip: { show: false },
        z: 5,
      }] : []),
    ],
  };
}

function dashes(rank: Rank, unit: number): "solid" | number[] {
  const own = rank > 0 ? DASHES[rank as 1 | 2 | 3 | 4] : [];
  return own.length ? own.map((each) => each * unit) : "solid";
}

/** The washes between the thresholds; none for rules that judge what falls. */
function bands(thresholds: readonly Threshold[], top: number, palette: Palette) {
  const rises = thresholds.every((each, i) => i === 0 || each.value > (thresholds[i - 1]?.value ?? 0));
  if (!rises) return [];
  return thresholds.filter((each) => each.rank > 0).map((each, i) => [
    { yAxis: each.value, itemStyle: { color: palette.colour[`wash-l${each.rank as 1 | 2 | 3 | 4}`], opacity: 0.55 } },
    { yAxis: thresholds[i + 1]?.value ?? top },
  ]);
}
