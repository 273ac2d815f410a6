// Horizontal bars to both sides of a line: what a change does, parts of a difference, ratios.
import {chart, name_axis, room_for, value_axis} from './chart.js';
import {ink} from './palette.js';

/**
 * `sides`: [{name, colour, values, texts}], bars on one line each (null: none). `whiskers`: [low, high] of each bar of
 * the first side, or null.
 */
export function two_sided({label, names, sides, axis, axis_text, whiskers, min, max, row = 34, room = 80}) {
  const top = sides.length > 1 ? 34 : 8, height = top + row * names.length + 52;
  return chart(label, height, width => {
    const left = room_for(names, width);
    const all = sides.flatMap(s => s.values).concat(...(whiskers ?? []).filter(Boolean)).filter(x => x !== null);
    const least = min ?? Math.min(0, ...all), most = max ?? Math.max(0, ...all);
    // Texts stand beyond the ends of bars: the axis goes on as far as they need.
    const per = (most - least) / Math.max(1, width - left - 20 - (least < 0 ? room : 0) - (most > 0 ? room : 0));
    const series = sides.map((side, i) => ({
      type: 'bar', name: side.name, color: side.colour, barWidth: row * 0.56, barGap: '-100%', z: 2 + i,
      data: side.values.map((value, k) => ({value, itemStyle: {color: side.colours?.[k] ?? side.colour}, label: {show: value !== null && !whiskers && side.texts[k] !== '', position: value < 0 ? 'left' : 'right', color: ink, fontSize: 13, formatter: side.texts[k]}})),
    }));
    if (whiskers)
      series.push({type: 'line', name: 'low to high', symbol: 'none', z: 9, silent: true, lineStyle: {color: ink, width: 2}, connectNulls: false,
                   data: whiskers.flatMap((w, i) => w ? [[w[0], i], [w[1], i], [null, null]] : [[null, null]])},
                  // Texts stand beyond the whiskers.
                  {type: 'scatter', symbolSize: 0.01, itemStyle: {opacity: 1}, silent: true, z: 10, data: sides[0].values.map((v, i) => [Math.max(v, whiskers[i]?.[1] ?? v), i]),
                   label: {show: true, position: 'right', distance: 8, color: ink, fontSize: 13, formatter: p => sides[0].texts[p.dataIndex]}});
    return {
      legend: sides.length > 1 ? {top: 0, left: 0, data: sides.map(s => s.name)} : undefined,
      grid: {left, right: 20, top, bottom: 44},
      tooltip: {trigger: 'item', formatter: p => `${names[p.dataIndex]}: ${sides[p.seriesIndex]?.texts[p.dataIndex] ?? ''}`},
      xAxis: value_axis(axis, {min: least < 0 ? least - per * room : least, max: most > 0 ? most + per * room : most, scale: true,
                               axisLabel: {formatter: x => axis_text(x), showMinLabel: least >= 0, showMaxLabel: false}}),
      yAxis: name_axis(names, left - 14, {}),
      series,
    };
  });
}
