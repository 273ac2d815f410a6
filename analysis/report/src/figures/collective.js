// One collective by itself: time and bandwidth against size where several were asked, what its time is made of.
import {chart, name_axis, room_for, value_axis} from '../chart.js';
import {figure, footnote, numbers} from '../dom.js';
import {sources} from '../evidence.js';
import {bytes, message, rate, seconds, short, significant, whole} from '../format.js';
import {stacked} from '../stacked.js';
import {grey, ink, series as colours, shapes} from '../palette.js';

/** As sources of runs are: by what they are of. */
export const evidence_of = results => results.filter(r => r.evidence).map(r => ({scenario: r.cluster, evidence: r.evidence}));
const asked_of = results => results.flatMap(r => r.collectives.map(c => ({...c, cluster: r.cluster, all_ranks: r.ranks, beside: r.collectives.length - 1})));
const line_of = c => `${c.op}${c.group === 'world' ? '' : `@${c.group}`} · ${c.cluster} · ${whole(c.ranks)} ranks`;
const columns = [
  {name: 'operation', key: c => c.op}, {name: 'group', key: c => c.group}, {name: 'cluster', key: c => c.cluster}, {name: 'ranks', key: c => c.ranks},
  {name: 'domains', key: c => c.domains}, {name: 'bytes', key: c => c.size_bytes, show: message}, {name: 'algorithm', key: c => c.algorithm},
  {name: 'time (s)', key: c => c.time_s, show: x => x.toPrecision(5)}, {name: 'busbw (GB/s)', key: c => c.busbw, show: x => significant(x)},
  {name: 'algbw (GB/s)', key: c => c.algbw, show: x => significant(x)}, {name: 'closed form (s)', key: c => c.closed_form_s ?? null, show: x => x.toPrecision(5), number: true},
];

function over_sizes(asked, lines, origins) {
  const of = name => asked.filter(c => line_of(c) === name).sort((a, b) => a.size_bytes - b.size_bytes);
  const finding = lines.map(name => {
    const all = of(name), best = all.reduce((a, b) => b.busbw > a.busbw ? b : a);
    return `${name}: from ${seconds(all[0].time_s)} at ${short(message)(all[0].size_bytes)} to ${seconds(all.at(-1).time_s)} at ${message(all.at(-1).size_bytes)}; the bus bandwidth reaches ${rate(best.busbw * 1e9)}.`;
  });
  const draw = chart(finding.join(' '), 430, width => {
    const half = (width - 190) / 2, sizes = [...new Set(asked.map(c => c.size_bytes))];
    const x = i => value_axis('message', {type: 'log', logBase: 2, gridIndex: i, min: Math.min(...sizes), max: Math.max(...sizes), axisLabel: {formatter: v => message(v), hideOverlap: true}});
    return {
      legend: {top: 0, left: 0, data: lines},
      grid: [{left: 80, width: half, top: 56, bottom: 50}, {left: 80 + half + 90, width: half, top: 56, bottom: 50}],
      tooltip: {trigger: 'item', formatter: p => `${p.seriesName}\n${message(p.value[0])}: ${p.seriesIndex % 2 ? rate(p.value[1]) : seconds(p.value[1])}`},
      xAxis: [x(0), x(1)],
      yAxis: [{...value_axis('time', {type: 'log', axisLabel: {formatter: short(seconds)}}), nameGap: 62}, {...value_axis('bus bandwidth', {gridIndex: 1, axisLabel: {formatter: short(rate)}}), nameGap: 66}],
      series: lines.flatMap((name, i) => [c => c.time_s, c => c.busbw * 1e9].map((key, k) => ({
        type: 'line', name, xAxisIndex: k, yAxisIndex: k, color: colours[i % colours.length], symbol: shapes[i % shapes.length], symbolSize: 8,
        data: of(name).map(c => [c.size_bytes, key(c)])}))),
    };
  });
  return figure('collective-sizes', 'Time and bandwidth against size', finding, [draw], [numbers('collectives', 'The numbers', columns, asked)], origins);
}

const told = c => `${c.op} of ${message(c.size_bytes)} over ${whole(c.ranks)} ranks of ${c.cluster} takes ${seconds(c.time_s)} (${c.algorithm}): bus bandwidth ${rate(c.busbw * 1e9)}`;

/** Each phase lasts as long as its latency and the slowest of its links: a bar for every one of them. */
function made_of(c) {
  const rows = c.closed_form.flatMap((form, phase) => form.terms.map(term => ({phase: phase + 1, latency: form.latency_s, ...term})));
  const phases = c.closed_form.length, slowest = c.closed_form.map((_, i) => rows.filter(r => r.phase === i + 1).reduce((a, b) => b.seconds > a.seconds ? b : a));
  const finding = `${told(c)}. Alone on the fabric the formula says ${seconds(c.closed_form_s)}: ${slowest.map(r => `latency ${seconds(r.latency)} and ${seconds(r.seconds)} on ${r.link}`).join(', then ')}.`;
  const parts = [{name: 'latency', colour: grey, values: rows.map(r => r.latency * 1e3)}, {name: 'bytes through the link', colour: colours[0], values: rows.map(r => r.seconds * 1e3)}];
  return figure('formula', 'What the time is made of', finding, [
    stacked({label: finding, names: rows.map(r => `${phases > 1 ? `phase ${r.phase}: ` : ''}${r.link}\n${bytes(r.bytes)} at ${rate(r.bytes_per_s)}`), parts, axis: 'milliseconds; the longest bar of a phase counts',
             show: x => `${significant(x, 3)} ms`, axis_text: x => `${+x.toPrecision(3)}`, totals: rows.map(r => seconds(r.latency + r.seconds))}),
  ], [numbers('formula', 'The numbers', [
    {name: 'phase', key: r => r.phase}, {name: 'link', key: r => r.link}, {name: 'latency (s)', key: r => r.latency, show: x => x.toPrecision(5)}, {name: 'bytes', key: r => r.bytes, show: bytes},
    {name: 'bytes/s', key: r => r.bytes_per_s, show: rate}, {name: 'seconds', key: r => r.seconds, show: x => x.toPrecision(5)}], rows)],
    [...new Set(c.closed_form.map(f => f.formula))].map(f => footnote(`Formula: ${f}`)));
}

function times_of(asked, origins) {
  const names = asked.map(c => `${line_of(c)}\n${message(c.size_bytes)} · ${c.algorithm}`);
  const finding = asked.slice(0, 4).map(c => told(c) + (c.beside ? `, with ${c.beside} ${c.beside > 1 ? 'others' : 'other'} at the same time.` : '.'));
  const draw = chart(finding.join(' '), 60 + 52 * names.length, width => {
    const left = room_for(names, width);
    return {
      grid: {left, right: 180, top: 8, bottom: 46}, tooltip: {show: false},
      xAxis: value_axis('milliseconds', {axisLabel: {formatter: x => `${+x.toPrecision(3)}`}}), yAxis: name_axis(names, left - 14),
      series: [{type: 'bar', barWidth: 26, color: colours[0], data: asked.map(c => c.time_s * 1e3),
                label: {show: true, position: 'right', color: ink, fontSize: 13, formatter: p => `${seconds(asked[p.dataIndex].time_s)} · ${rate(asked[p.dataIndex].busbw * 1e9)}`}}],
    };
  });
  return figure('collective', 'How long it takes', finding, [draw], [numbers('collectives', 'The numbers', columns, asked)], origins);
}

function loads(results) {
  const rows = results.flatMap(r => r.links.filter(l => l.bytes > 0).map(l => ({...l, of: `${r.cluster}, ${r.collectives.map(c => `${c.op} ${message(c.size_bytes)}`).join(' + ')}`})));
  if (results.length > 1 || !rows.length) return null;
  const most = rows.reduce((a, b) => b.bytes / b.links > a.bytes / a.links ? b : a);
  const finding = `Each link of the kind "${most.link}" carries ${bytes(most.bytes / most.links)}, more than those of any other kind.`;
  const draw = chart(finding, 56 + 34 * rows.length, width => {
    const names = rows.map(l => `${l.link} (${whole(l.links)})`), left = room_for(names, width);
    return {
      grid: {left, right: 110, top: 6, bottom: 46}, tooltip: {show: false},
      xAxis: value_axis('bytes through one link', {axisLabel: {formatter: short(bytes)}}), yAxis: name_axis(names, left - 14),
      series: [{type: 'bar', barWidth: 20, color: colours[0], data: rows.map(l => l.bytes / l.links),
                label: {show: true, position: 'right', color: ink, fontSize: 13, formatter: p => bytes(p.value)}}],
    };
  });
  return figure('collective-links', 'What links carry', finding, [draw], [numbers('collective-links', 'The numbers', [
    {name: 'links', key: l => l.link}, {name: 'how many', key: l => l.links}, {name: 'bytes through all of them', key: l => l.bytes, show: bytes},
    {name: 'asked', key: l => l.of}], rows)]);
}

export function collective(results) {
  if (!results.length) return [];
  const origins = () => sources(evidence_of(results)); // of every figure anew: an element stands in one place
  const asked = asked_of(results), lines = [...new Set(asked.map(line_of))];
  const sizes = new Set(asked.map(c => c.size_bytes)).size;
  if (sizes >= 3) return [over_sizes(asked, lines, origins())];
  return [times_of(asked, origins()), ...asked.filter(c => c.closed_form?.length).slice(0, 4).map(made_of), loads(results)];
}
