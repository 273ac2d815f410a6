// Horizontal bars made of parts, one bar a name: where time went, the tax, memory.
import {chart, name_axis, room_for, value_axis} from './chart.js';
import {ink, on} from './palette.js';

/**
 * `parts`: [{name, colour, values}], a value of each bar; `show`: value → text inside it where there is room;
 * `totals`: text right of each bar; `marks`: {name, values, texts}, a line across each bar.
 */
export function stacked({label, names, parts, axis, show, totals, marks, max, axis_text}) {
  const legend_rows = parts.length > 5 ? 2 : 1;
  const top = 12 + 24 * legend_rows, height = top + 54 * names.length + 56;
  return chart(label, height, width => {
    const left = room_for(names, width), right = totals || marks ? 96 : 24;
    const most = max ?? Math.max(...names.map((_, i) => parts.reduce((sum, p) => sum + Math.max(0, p.values[i] ?? 0), 0)));
    const least = Math.min(0, ...names.map((_, i) => parts.reduce((sum, p) => sum + Math.min(0, p.values[i] ?? 0), 0)));
    const pixels = (width - left - right) / (most - least || 1);
    const series = parts.map(part => ({
      type: 'bar', name: part.name, stack: 'all', barWidth: 32,
      itemStyle: {color: part.colour, borderColor: '#fff', borderWidth: 1},
      label: {show: true, color: on(part.colour), fontSize: 13,
              formatter: p => Math.abs(p.value) * pixels > 9 * show(p.value).length ? show(p.value) : ''},
      data: part.values,
    }));
    if (totals)
      series.push({type: 'bar', name: 'total', stack: 'all', barWidth: 32, data: names.map(() => 0), silent: true, tooltip: {show: false},
                   label: {show: true, position: 'right', color: ink, fontSize: 14, fontWeight: 600, formatter: p => totals[p.dataIndex]}});
    if (marks)
      series.push({type: 'scatter', name: marks.name, symbol: 'rect', symbolSize: [4, 44], itemStyle: {color: '#b00020', opacity: 1}, z: 5,
                   data: marks.values.map((value, i) => [value, i]),
                   label: {show: true, position: 'right', color: '#b00020', backgroundColor: '#fff', padding: [2, 3], fontSize: 13, formatter: p => marks.texts[p.dataIndex]}});
    return {
      legend: {top: 0, left: 0, ...(parts.length > 9 ? {textStyle: {fontSize: 12, color: ink}} : {}), data: [...parts.map(p => p.name), ...(marks ? [marks.name] : [])]},
      grid: {left, right, top, bottom: 46},
      tooltip: {trigger: 'item', formatter: p => `${names[p.value instanceof Array ? p.value[1] : p.dataIndex]}\n${p.seriesName}: ${show(p.value instanceof Array ? p.value[0] : p.value)}`},
      xAxis: value_axis(axis, {max: max ?? undefined, axisLabel: {formatter: axis_text}}),
      yAxis: name_axis(names, left - 14),
      series,
    };
  });
}
/** Bars in the order of runs need two lines: what it is, and on what. */
export const run_name = run => `${run.title}\n${run.accelerator} × ${run.accelerators.toLocaleString('en-US')}`;
