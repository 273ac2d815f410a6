// What took it away: the share of the step that would vanish with a perfect interconnect, by dimension and by tier.
import {el, figure, numbers} from '../dom.js';
import {sources} from '../evidence.js';
import {listed, percent} from '../format.js';
import * as palette from '../palette.js';
import {run_name, stacked} from '../stacked.js';

const long = {tp: 'tensor', cp: 'context', ep: 'expert', pp: 'pipeline', dp: 'data', wan: 'wide-area'};

const largest = (parts, name) => [...parts].sort((a, b) => b.seconds - a.seconds)[0]?.[name];

function split_of(run) {
  const parts = (run.tax.by_dimension ?? []).filter(p => Math.abs(p.share) >= 0.0005).sort((a, b) => b.share - a.share);
  return parts.length ? ` (${parts.map(p => `${p.dimension} ${percent(p.share)}`).join(', ')})` : '';
}
const brief = run => `${run.title}: ${percent(run.tax.total)}${split_of(run)}.`;
function says(run) {
  const tier = largest(run.tax.by_tier ?? [], 'tier');
  return `${run.title}: the interconnect takes ${percent(run.tax.total)} of the step${split_of(run)}${tier ? `; the largest part by tier is ${tier}` : ''}.`;
}

function drawn(runs, field, name, colour, title, finding) {
  const with_it = runs.filter(r => r.tax[field]?.length);
  if (!with_it.length) return [];
  const names = [...new Set(with_it.flatMap(r => r.tax[field].map(p => p[name])))];
  const of = (run, part) => run.tax[field].find(p => p[name] === part)?.share ?? 0;
  const parts = names.filter(n => with_it.some(r => Math.abs(of(r, n)) >= 0.0005))
    .map(n => ({name: field === 'by_dimension' ? long[n] ? `${n} (${long[n]})` : n : n, colour: colour(names.indexOf(n), n), values: with_it.map(r => of(r, n))}));
  return [
    el('p', {class: 'chart-title', text: title}),
    stacked({label: finding, names: with_it.map(run_name), parts, axis: 'share of the step that a perfect interconnect would save',
             show: percent, axis_text: x => `${+(100 * x).toFixed(1)} %`, totals: with_it.map(r => percent(r.tax.total))}),
  ];
}

export function tax(all) {
  const runs = all.filter(r => r.tax);
  if (!runs.length) return null;
  const sorted = [...runs].sort((a, b) => b.tax.total - a.tax.total);
  const finding = runs.length === 1 ? [says(runs[0])] : runs.length <= 4 ? ['What a perfect interconnect would save of the step:', ...runs.map(brief)]
    : [`The interconnect takes from ${percent(sorted.at(-1).tax.total)} (${sorted.at(-1).title}) to ${percent(sorted[0].tax.total)} (${sorted[0].title}) of the step.`];
  if (all.length > runs.length) finding.push(`Simulated without a tax: ${listed(all.filter(r => !r.tax).map(r => r.title))}.`);
  const split = runs.filter(r => r.tax.by_dimension?.length || r.tax.by_tier?.length);
  const drawings = split.length
    ? [...drawn(runs, 'by_dimension', 'dimension', (_, n) => palette.dimension[n] ?? '#444444', 'By dimension of parallelism', finding.join(' ')),
       ...drawn(runs, 'by_tier', 'tier', palette.tier, 'By tier of the interconnect', finding.join(' '))]
    : [stacked({label: finding.join(' '), names: runs.map(run_name), parts: [{name: 'interconnect tax', colour: palette.orange, values: runs.map(r => r.tax.total)}],
                axis: 'share of the step that a perfect interconnect would save', show: percent, axis_text: x => `${+(100 * x).toFixed(1)} %`,
                totals: runs.map(r => percent(r.tax.total))})];
  const rows = runs.flatMap(run => [
    {run, by: 'all', part: 'interconnect tax', seconds: run.tax.seconds, share: run.tax.total},
    ...(run.tax.by_dimension ?? []).map(p => ({run, by: 'dimension', part: p.dimension, ...p})),
    ...(run.tax.by_tier ?? []).map(p => ({run, by: 'tier', part: p.tier, ...p})),
  ]);
  const method = [...new Set(runs.map(r => r.tax.method))].join('; ');
  return figure('tax', 'What took it away', finding, drawings, [
    numbers('interconnect-tax', 'The numbers', [
      {name: 'scenario', key: r => r.run.title}, {name: 'by', key: r => r.by}, {name: 'part', key: r => r.part},
      {name: 'seconds', key: r => r.seconds, show: x => x.toPrecision(5)}, {name: 'share', key: r => r.share, show: percent},
    ], rows),
  ], [el('p', {class: 'footnote', text: `Method: ${method}.${split.length ? ' A part may be negative: making that one perfect alone would lengthen the step.' : ''}`}),
      ...sources(runs, ['scale_up', 'nics', 'fabric', 'overlap', 'tp_hidden', 'sites'])]);
}
