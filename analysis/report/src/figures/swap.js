// What makes two clusters differ, part by part, and each chip on the other's network.
import {figure, footnote, numbers} from '../dom.js';
import {percent, seconds, significant, signed} from '../format.js';
import {chart, name_axis, room_for, value_axis} from '../chart.js';
import {blue, ink, orange, sky} from '../palette.js';

function waterfall(s, label) {
  const a = s.corners[0].step_time_s;
  const parts = s.parts.filter(p => Math.abs(p.seconds) >= 0.0005 * Math.max(a, a + s.gap_s));
  const names = [`${s.a} (A)`, ...parts.map(p => p.part), `${s.b} (B)`];
  let at = a;
  const bars = [{from: 0, to: a, colour: '#0b3d70', text: seconds(a)}];
  for (const p of parts) {
    bars.push({from: at, to: at + p.seconds, colour: p.seconds > 0 ? orange : sky, text: `${p.seconds > 0 ? '+' : '−'}${Math.abs(p.seconds).toFixed(3)} s`});
    at += p.seconds;
  }
  bars.push({from: 0, to: a + s.gap_s, colour: '#0b3d70', text: seconds(a + s.gap_s)});
  return chart(label, 58 + 36 * names.length, width => {
    const left = room_for(names, width);
    return {
      grid: {left, right: 90, top: 6, bottom: 46},
      tooltip: {show: false},
      xAxis: value_axis('seconds of a step', {}), yAxis: name_axis(names, left - 14),
      series: [
        {type: 'bar', stack: 'all', silent: true, barWidth: 22, itemStyle: {color: 'transparent'}, data: bars.map(b => Math.min(b.from, b.to))},
        {type: 'bar', stack: 'all', barWidth: 22, data: bars.map(b => ({value: Math.abs(b.to - b.from), itemStyle: {color: b.colour},
           label: {show: true, position: 'right', color: ink, fontSize: 13, formatter: b.text}}))},
      ],
    };
  });
}

function parts(s) {
  const most = [...s.parts].sort((a, b) => Math.abs(b.seconds) - Math.abs(a.seconds))[0];
  const finding = `${s.b} takes ${significant(s.ratio, 3)} times the step of ${s.a}: ${s.gap_s < 0 ? '−' : '+'}${seconds(Math.abs(s.gap_s))}. ` +
    `The largest part is ${most.part}: ${most.seconds < 0 ? '−' : '+'}${seconds(Math.abs(most.seconds))}` + (most.share_of_gap === null ? '.' : ` (${percent(most.share_of_gap)} of the gap).`);
  const columns = [
    {name: 'part', key: p => p.part}, {name: 'seconds', key: p => p.seconds, show: x => x.toPrecision(5)},
    {name: 'share of the gap', key: p => p.share_of_gap, show: percent, number: true},
    {name: 'factor of the step', key: p => p.factor, show: x => x.toFixed(3)}, {name: 'factor per accelerator', key: p => p.factor_per_accelerator, show: x => x.toFixed(3)},
    {name: 'changed first (s)', key: p => p.first_s ?? null, show: x => x.toPrecision(5), number: true},
    {name: 'changed last (s)', key: p => p.last_s ?? null, show: x => x.toPrecision(5), number: true},
  ];
  return figure('swap', 'What makes the two differ', finding, [waterfall(s, finding)],
    [numbers('swap-parts', 'The numbers', columns, [...s.parts, s.achieved_efficiencies])],
    [footnote(`${s.method}; ${s.runs} simulations. Parts below 0.05 % of the step are in the table only.` +
              (s.recompute_follows_memory ? ' A plan says `recompute: auto`, so the cost of less memory belongs to compute and HBM.' : ''))]);
}

function corners(s) {
  const all = s.corners, of = name => all.map(c => c[name]);
  const names = all.map(c => `${c.name}\ntax ${percent(c.tax)} · MFU ${percent(c.mfu)}`);
  const sentence = c => `${c.name} takes ${seconds(c.step_time_s)}${c.fits ? '' : ' and does not fit'} (tax ${percent(c.tax)})`;
  const mixed = all.filter((c, i) => i > 1);
  const finding = mixed.map(c => {
    const own = all.find(o => o.from['compute and HBM'] === c.from['compute and HBM'] && o !== c && new Set(Object.values(o.from)).size === 1);
    return `${sentence(c)}${own ? `: ${signed(c.step_time_s / own.step_time_s - 1)} of its own step` : ''}.`;
  }).join(' ');
  const draw = chart(finding, 56 + 52 * names.length, width => {
    const left = room_for(names, width);
    return {
      grid: {left, right: 90, top: 6, bottom: 46}, tooltip: {show: false},
      xAxis: value_axis('seconds of a step'), yAxis: name_axis(names, left - 14),
      series: [{type: 'bar', barWidth: 26, data: of('step_time_s').map((value, i) => ({value, itemStyle: {color: i < 2 ? '#0b3d70' : blue},
        label: {show: true, position: 'right', color: ink, fontSize: 13, formatter: seconds(value)}}))}],
    };
  });
  return figure('corners', "Each chip on the other's network", finding, [draw], [
    numbers('swap-corners', 'The numbers', [
      {name: 'combination', key: c => c.name},
      ...Object.keys(all[0].from).map(part => ({name: part, key: c => c.from[part]})),
      {name: 'step (s)', key: c => c.step_time_s, show: x => x.toPrecision(5)}, {name: 'accelerators', key: c => c.accelerators, show: x => x.toLocaleString('en-US')},
      {name: 'tokens/s/accelerator', key: c => c.tokens_per_s_per_accelerator, show: x => significant(x)},
      {name: 'MFU', key: c => c.mfu, show: percent}, {name: 'tax', key: c => c.tax, show: percent},
      {name: 'recomputation', key: c => c.recompute}, {name: 'fits', key: c => c.fits ? 'yes' : 'no'},
    ], all)],
    [footnote(`Excess tax (${s.excess_tax.about}): ${seconds(s.excess_tax.seconds)}, ${percent(s.excess_tax.share)} of the step of B.`)]);
}

export const swap = s => [parts(s), corners(s)];
