// Many runs: the step and the output against size, and the tax over size and NIC bandwidth.
import {chart, value_axis} from '../chart.js';
import {figure, footnote, numbers} from '../dom.js';
import {sources} from '../evidence.js';
import {percent, rate, seconds, significant, whole} from '../format.js';
import {heat, ink, on, series as colours, shapes} from '../palette.js';

const nic = run => run.network?.nics?.achieved_per_accelerator_bytes_per_s ?? null;
const output = run => run.tokens_per_s_per_accelerator * run.accelerators;
const columns = [
  {name: 'scenario', key: r => r.scenario}, {name: 'cluster', key: r => r.cluster}, {name: 'accelerator', key: r => r.accelerator},
  {name: 'accelerators', key: r => r.accelerators, show: whole},
  {name: 'NIC per accelerator, achieved (bytes/s)', key: nic, show: rate, number: true},
  {name: 'global batch', key: r => r.training.global_batch, show: whole}, {name: 'step (s)', key: r => r.step_time_s, show: x => x.toPrecision(5)},
  {name: 'step, 5 % (s)', key: r => spread(r)?.step[0] ?? null, show: x => x.toPrecision(5), number: true},
  {name: 'step, 95 % (s)', key: r => spread(r)?.step[1] ?? null, show: x => x.toPrecision(5), number: true},
  {name: 'tokens/s/accelerator', key: r => r.tokens_per_s_per_accelerator, show: x => significant(x)}, {name: 'MFU', key: r => r.mfu.causal, show: percent},
  {name: 'tax', key: r => r.tax?.total ?? null, show: percent, number: true}, {name: 'fits', key: r => r.memory.fits ? 'yes' : 'no'},
];
/** 5 to 95 % where samples or seeds were asked. */
function spread(r) {
  const of = r.band ?? r.seeds;
  if (!of) return null;
  const t = of.tokens_per_s_per_accelerator;
  return {step: [of.step_time_s.p5, of.step_time_s.p95], output: [t.p5 * r.accelerators, t.p95 * r.accelerators]};
}
const groups_of = (runs, key) => {
  const out = new Map();
  for (const run of runs) out.set(key(run), [...(out.get(key(run)) ?? []), run]);
  return out;
};
/** Runs of one line: the same in all but size, batch and dp. */
function line_key(runs) {
  const differ = key => new Set(runs.map(key)).size > 1;
  const traits = [r => r.cluster, r => r.model, r => `sequence ${whole(r.training.sequence)}`, r => r.training.precision, r => r.stack, r => `NIC ${rate(nic(r))}`,
                  r => ['tp', 'cp', 'ep', 'pp'].map(d => `${d} ${r.plan[d]}`).join(' ')].filter(differ);
  return r => traits.length ? traits.map(t => t(r)).join(' · ') : r.cluster;
}

export function scale(runs) {
  const key = line_key(runs);
  const lines = [...groups_of(runs, key)].map(([name, all]) => [name, [...all].sort((a, b) => a.accelerators - b.accelerators)])
    .filter(([, all]) => new Set(all.map(r => r.accelerators)).size > 1)
    .sort(([, a], [, b]) => output(b.at(-1)) - output(a.at(-1))); // the legend in the order of the lines' ends
  if (!lines.length) return null;
  const used = lines.flatMap(([, all]) => all), sizes = used.map(r => r.accelerators);
  const finding = lines.slice(0, 5).map(([name, all]) => {
    const a = all[0], z = all.at(-1);
    return `${name}: from ${whole(a.accelerators)} to ${whole(z.accelerators)} accelerators (× ${significant(z.accelerators / a.accelerators, 3)}) the output grows × ${significant(output(z) / output(a), 3)}, and the step goes from ${seconds(a.step_time_s)} to ${seconds(z.step_time_s)}.`;
  });
  const banded = used.some(spread);
  const draw = chart(finding.join(' '), 470, width => {
    const half = (width - 190) / 2;
    const x = i => value_axis('accelerators', {type: 'log', logBase: 2, gridIndex: i, min: 2 ** Math.floor(Math.log2(Math.min(...sizes))), max: 2 ** Math.ceil(Math.log2(Math.max(...sizes))), axisLabel: {formatter: whole}});
    const y = (name, formatter, key, i) => {
      const all = used.flatMap(r => [key(r), ...(spread(r)?.[i ? 'output' : 'step'] ?? [])]);
      return {...value_axis(name, {type: 'log', gridIndex: i, min: nice(Math.min(...all), -1), max: nice(Math.max(...all), 1), axisLabel: {formatter}}), nameGap: 66};
    };
    return {
      legend: {top: 0, left: 0, data: lines.map(l => l[0])},
      grid: [{left: 84, width: half - 6, top: 24 + 24 * Math.ceil(lines.length / 2), bottom: 50}, {left: 84 + half + 100, width: half - 14, top: 24 + 24 * Math.ceil(lines.length / 2), bottom: 50}],
      tooltip: {trigger: 'item', formatter: p => `${p.seriesName}\n${whole(p.value[0])} accelerators: ${p.seriesIndex % 4 < 2 ? seconds(p.value[1]) : `${significant(p.value[1])} tokens/s`}`},
      xAxis: [x(0), x(1)],
      yAxis: [y('step', v => `${+v.toPrecision(2)} s`, r => r.step_time_s, 0), y('tokens/s, all together', v => short(v), output, 1)],
      series: lines.flatMap(([name, all], i) => {
        const style = {color: colours[i % colours.length], symbol: shapes[i % shapes.length], symbolSize: 9};
        const bars = field => ({type: 'line', name, silent: true, symbol: 'none', color: style.color, lineStyle: {width: 5, opacity: 0.3, cap: 'butt'},
          data: all.flatMap(r => { const s = spread(r)?.[field]; return s ? [[r.accelerators, s[0]], [r.accelerators, s[1]], [null, null]] : []; })});
        return [
          {type: 'line', name, ...style, data: all.map(r => [r.accelerators, r.step_time_s])}, bars('step'),
          {type: 'line', name, ...style, xAxisIndex: 1, yAxisIndex: 1, data: all.map(r => [r.accelerators, output(r)])}, {...bars('output'), xAxisIndex: 1, yAxisIndex: 1},
        ];
      }),
    };
  });
  return figure('scale', 'Step and output against accelerators', finding, [draw], [numbers('scale', 'The numbers', columns, used)],
    [footnote(`Both axes are logarithmic.${banded ? ' Thick bars: 5 to 95 % of the samples.' : ''}`), ...sources(used, ['nics', 'fabric', 'scale_up', 'gemm', 'peak'])]);
}
const short = v => v >= 1e6 ? `${+(v / 1e6).toPrecision(2)} M` : v >= 1e3 ? `${+(v / 1e3).toPrecision(2)} k` : `${+v.toPrecision(2)}`;
/** The nearest of 1, 2 and 5 times a power of ten beyond a value. */
function nice(x, way) {
  const size = 10 ** Math.floor(Math.log10(x)), steps = [1, 2, 5, 10].map(s => s * size);
  return way > 0 ? steps.find(s => s >= x) : steps.filter(s => s <= x).at(-1);
}

/** One picture a cluster's chip, model and stack. */
export function heat_maps(runs) {
  const with_it = runs.filter(r => r.tax && nic(r));
  return [...groups_of(with_it, r => `${r.model} on ${r.accelerator}`)].map(([name, all], i) => heat_map(name, all, i)).filter(Boolean);
}
function heat_map(name, runs, number) {
  const sizes = [...new Set(runs.map(r => r.accelerators))].sort((a, b) => a - b), rates = [...new Set(runs.map(nic))].sort((a, b) => a - b);
  if (sizes.length < 2 || rates.length < 2) return null;
  const at = (n, b) => runs.find(r => r.accelerators === n && nic(r) === b);
  const sorted = [...runs].sort((a, b) => b.tax.total - a.tax.total), most = sorted[0], least = sorted.at(-1);
  const where = r => `${whole(r.accelerators)} accelerators with ${rate(nic(r))} each`;
  const finding = `${name}: the interconnect takes from ${percent(least.tax.total)} of the step (${where(least)}) to ${percent(most.tax.total)} (${where(most)}).`;
  const low = Math.min(0, least.tax.total), high = most.tax.total;
  const shade = x => heat((x - low) / (high - low || 1));
  const draw = chart(finding, Math.max(240, 90 + 46 * rates.length), width => {
    const left = 110, w = (width - left - 20) / sizes.length;
    return {
      grid: {left, right: 20, top: 8, bottom: 50}, tooltip: {show: false},
      xAxis: {type: 'category', data: sizes.map(whole), name: 'accelerators', nameLocation: 'middle', nameGap: 30, axisLabel: {fontSize: 13, color: ink, interval: 0}, axisTick: {show: false}},
      yAxis: {type: 'category', data: rates.map(rate), name: 'NIC per accelerator, achieved', nameLocation: 'middle', nameGap: 88, axisLabel: {fontSize: 13, color: ink, interval: 0}, axisTick: {show: false}},
      series: [{type: 'scatter', symbol: 'rect', symbolSize: [w - 3, (Math.max(240, 90 + 46 * rates.length) - 58) / rates.length - 3], data: sizes.flatMap((n, x) => rates.map((b, y) => [at(n, b), x, y]).filter(([r]) => r)).map(([r, x, y]) => ({
        value: [x, y], itemStyle: {color: shade(r.tax.total), opacity: 1}, label: {show: true, color: on(shade(r.tax.total)), fontSize: 14, formatter: percent(r.tax.total)}}))}],
    };
  });
  return figure(`heat-${number}`, 'Tax over size and NIC bandwidth', finding, [draw], [numbers(`tax-over-size-and-nic-${number}`, 'The numbers', columns, runs)],
    [footnote('Dark is much. What each accelerator reaches of its share of the cards stands at the left: line rate times efficiency.'), ...sources(runs, ['nics', 'fabric'])]);
}
