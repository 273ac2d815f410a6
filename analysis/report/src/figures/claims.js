// Claims: how many worlds say yes, and every world's value with its band and verdict.
import {chart, name_axis, room_for, value_axis} from '../chart.js';
import {el, figure, footnote, numbers} from '../dom.js';
import {percent, plural, significant, whole} from '../format.js';
import {on} from '../palette.js';

const verdicts = { ///< colour and sign; nobody has to tell colours apart
  yes: {sign: '✓', colour: '#2f7ebc', says: 'holds'}, open: {sign: '?', colour: '#d9d9d9', says: 'open: the band lies on both sides'},
  no: {sign: '✗', colour: '#e69f00', says: 'does not hold'}, none: {sign: '', colour: '#ffffff', says: 'not judged, or no value'},
};
const shown = (x, unit) => unit === 'share' ? percent(x) : unit === 'ratio' ? significant(x, 3) : unit === 'count' ? whole(x) : significant(x, 3);

function range(r) {
  const {at_least, at_most} = r.holds;
  if (at_least !== undefined && at_most !== undefined) return `${shown(at_least, r.unit)} to ${shown(at_most, r.unit)}`;
  return at_least !== undefined ? `${shown(at_least, r.unit)} or more` : `${shown(at_most, r.unit)} or less`;
}
function verdict(r) {
  const values = r.cells.filter(c => c.value !== null).map(c => c.value);
  const spread = values.length ? `values from ${shown(Math.min(...values), r.unit)} to ${shown(Math.max(...values), r.unit)}` : 'no world has a value';
  if (!r.holds) return `Not judged, only measured: ${spread}.`;
  const judged = r.yes + r.no + r.open;
  if (!judged) return 'Not settled: no world of it has a value.';
  const lead = r.yes === judged ? `Holds (${range(r)}) in all ${judged} worlds` : r.no === judged ? `Does not hold (${range(r)}) in any of ${judged} worlds` : `Holds (${range(r)}) in ${r.yes} of ${judged} worlds`;
  return lead + (r.open ? `, open in ${r.open}` : '') + (r.conditions && r.yes && r.yes < judged ? `: ${r.conditions}` : '') + `; ${spread}.`;
}

function cell(c, unit, label) {
  const v = verdicts[c.verdict];
  if (c.value === null) return el('td', {class: 'none', title: c.why ?? '', text: '–'});
  const out = el('td', {class: c.verdict, 'data-value': String(c.value), 'aria-label': `${label}: ${shown(c.value, unit)}, ${v.says}`, text: `${shown(c.value, unit)} ${v.sign}`.trim()});
  if (c.low !== undefined && c.high !== undefined) out.append(el('span', {class: 'band', text: `${shown(c.low, unit)} to ${shown(c.high, unit)}`}));
  return out;
}
function matrix(r) {
  const sizes = [...new Set(r.cells.map(c => c.accelerators))], workloads = [...new Set(r.cells.map(c => c.workload))], chips = [...new Set(r.cells.map(c => c.hardware))];
  const find = (w, h, n) => r.cells.find(c => c.workload === w && c.hardware === h && c.accelerators === n);
  const columns = workloads.flatMap(w => sizes.map(n => [w, n]));
  return el('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `values of ${r.name}`}, el('table', {class: columns.length > 2 ? 'matrix' : 'matrix narrow'},
    el('thead', {},
      el('tr', {}, el('th', {text: 'accelerators', rowspan: '2'}), ...workloads.map(w => el('th', {text: w, colspan: String(sizes.length), scope: 'colgroup'}))),
      el('tr', {}, ...columns.map(([, n]) => el('th', {text: whole(n), scope: 'col'})))),
    el('tbody', {}, ...chips.map(h => el('tr', {}, el('th', {text: h, scope: 'row'}),
      ...columns.map(([w, n]) => { const c = find(w, h, n); return c ? cell(c, r.unit, `${w} on ${n} ${h}`) : el('td', {class: 'none', text: ''}); }))))));
}
const key = () => el('p', {class: 'key'}, ...Object.entries(verdicts).filter(([name]) => name !== 'none').map(([name, v]) => el('span', {class: name, text: `${v.sign} ${v.says}`})), 'small: low to high');

function overview(claims) {
  const judged = claims.flatMap(c => c.readings.filter(r => r.holds && r.yes + r.no + r.open > 0).map(r => ({c, r})));
  if (!judged.length) return null;
  const all = ({r}) => r.yes + r.no + r.open;
  const whole_yes = judged.filter(x => x.r.yes === all(x)).length, none = judged.filter(x => x.r.no === all(x)).length;
  const finding = `Of ${judged.length} judged readings of ${plural(claims.length, 'claim', 'claims')}, ${whole_yes} ${whole_yes === 1 ? 'holds' : 'hold'} in every world asked, ${none} in no world, and ${judged.length - whole_yes - none} in some: below stands where.`;
  const names = judged.map(({c, r}) => `${c.number}. ${r.name}`);
  const draw = chart(finding, 86 + 26 * judged.length, width => {
    const left = room_for(names, width, 0.44), pixels = width - left - 30;
    return {
      legend: {top: 0, left: 0, data: ['holds', 'open', 'does not hold']},
      grid: {left, right: 30, top: 34, bottom: 46},
      tooltip: {trigger: 'item', formatter: p => `${names[p.dataIndex]}\n${p.seriesName}: ${p.data.n} of ${all(judged[p.dataIndex])} worlds`},
      xAxis: value_axis('share of the worlds asked', {max: 1, axisLabel: {formatter: x => `${Math.round(100 * x)} %`}}),
      yAxis: name_axis(names, left - 14),
      series: [['yes', 'holds'], ['open', 'open'], ['no', 'does not hold']].map(([field, name]) => ({
        type: 'bar', name, stack: 'all', color: verdicts[field].colour, barWidth: 18, itemStyle: {borderColor: '#fff', borderWidth: 1},
        data: judged.map(x => ({value: x.r[field] / all(x), n: x.r[field]})),
        label: {show: true, fontSize: 12, color: on(verdicts[field].colour), formatter: p => p.data.n && p.value * pixels > 26 ? `${verdicts[field].sign} ${p.data.n}` : ''}})),
    };
  });
  return figure('verdicts', 'Which claims hold', finding, [draw], [
    numbers('verdicts', 'The numbers', [
      {name: 'claim', key: x => x.c.name}, {name: 'reading', key: x => x.r.name}, {name: 'holds', key: x => x.r.yes}, {name: 'does not', key: x => x.r.no},
      {name: 'open', key: x => x.r.open}, {name: 'without a value', key: x => x.r.without_value},
    ], judged)]);
}

function reasons(r) {
  const found = new Map();
  for (const c of r.cells) if (c.value === null) found.set(c.why ?? '', [...(found.get(c.why ?? '') ?? []), `${c.workload} on ${whole(c.accelerators)} ${c.hardware}`]);
  return [...found].map(([why, worlds]) => footnote(`No value (${why}): ${worlds.join(', ')}.`));
}
function projections(r) {
  const names = [...new Set(r.cells.filter(c => c.value !== null && c.measured_runs === 0 && c.best?.plan).map(c => c.hardware))];
  return names.length ? [footnote(`Projections, no measured run with a known plan behind the chip: ${names.join(', ')}.`)] : [];
}
function published(r) {
  return (r.published ?? []).map(p => footnote(`Measured, ${p.accelerator}${p.experts ? ', experts' : ', dense'}: ${p.runs} published runs, median MFU ${percent(p.mfu_causal.median)} (10 to 90 %: ${percent(p.mfu_causal.p10)} to ${percent(p.mfu_causal.p90)}).`));
}
function counted(claim) {
  const judged = claim.readings.filter(r => r.holds);
  if (!judged.length) return ['None of its readings is judged: the values are measured.'];
  const sum = key => judged.reduce((n, r) => n + r[key], 0);
  return [`Of ${plural(sum('yes') + sum('no') + sum('open'), 'world', 'worlds')} judged in ${plural(judged.length, 'reading', 'readings')}, ${sum('yes')} say yes, ${sum('no')} no, ${sum('open')} are open.`];
}
function one(claim) {
  const against = r => r.against ? ` Compared with ${r.against}.` : '';
  const rows = claim.readings.flatMap(r => r.cells.map(c => ({r, c})));
  return figure(`claim-${claim.number}`, `Claim: ${claim.name}`, [`“${claim.statement}” (${claim.source})`, ...counted(claim)],
    [key()].concat(claim.readings.map(r => el('div', {class: 'reading'}, el('h3', {text: r.name}), el('p', {class: 'footnote', text: `${r.about ?? r.metric}.${against(r)}`.replace('..', '.')}),
      el('p', {text: verdict(r)}), matrix(r), ...published(r), ...reasons(r), ...projections(r)))), [
    numbers(`claim-${claim.number}`, 'All values, as CSV', [
      {name: 'reading', key: x => x.r.name}, {name: 'metric', key: x => x.r.metric}, {name: 'workload', key: x => x.c.workload}, {name: 'hardware', key: x => x.c.hardware},
      {name: 'accelerators', key: x => x.c.accelerators}, {name: 'value', key: x => x.c.value, show: x => significant(x, 5), number: true},
      {name: 'low', key: x => x.c.low ?? null, show: x => significant(x, 5), number: true}, {name: 'high', key: x => x.c.high ?? null, show: x => significant(x, 5), number: true},
      {name: 'verdict', key: x => x.c.verdict}, {name: 'best plan', key: x => x.c.best?.plan ?? null, wide: true}, {name: 'its tax', key: x => x.c.best?.tax ?? null, show: percent, number: true}, {name: 'its MFU', key: x => x.c.best?.mfu_causal ?? null, show: percent, number: true}, {name: 'measured runs of the chip', key: x => x.c.measured_runs},
    ], rows)], (claim.assumptions ?? []).map(a => footnote(`Assumed: ${a}`)));
}

export const claims = all => [overview(all), ...all.map(one)];
