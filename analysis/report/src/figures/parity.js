// How many accelerators equal so many others, and what that is in megawatts, racks and dollars.
import {el, figure, footnote, numbers} from '../dom.js';
import {grouped, percent, significant, whole} from '../format.js';
import {two_sided} from '../bars.js';
import {blue, sky} from '../palette.js';

const amounts = [
  ['accelerators', 'Accelerators', 'accelerators'],
  ['facility_mw', 'Megawatts of the site', 'MW'],
  ['racks', 'Racks', 'racks'],
  ['usd_per_h', 'Dollars an hour, hardware and electricity', 'USD/h'],
];
const side_name = side => `${side.accelerator}\n${side.cluster}`;

function of(side, key) {
  if (key === 'accelerators') return side.reached ? {value: side.accelerators} : null;
  return side.power?.[key] ?? null;
}
const shown = x => x >= 1000 ? whole(x) : significant(x, 3);

function bars([key, title, unit], sides) {
  const all = sides.map(s => of(s, key));
  const value = a => a && a.value !== null && a.value !== undefined ? a.value : a?.at_least ?? null;
  const values = all.map(value);
  if (values.every(v => v === null)) return null;
  const first = values[0];
  const text = (v, i) => v === null ? 'not known' : `${all[i].value === null ? 'at least ' : ''}${shown(v)}${i > 0 && first ? ` (× ${significant(v / first, 3)})` : ''}`;
  const texts = values.map(text);
  return el('div', {}, el('p', {class: 'chart-title', text: title}),
    two_sided({label: `${title}: ${sides.map((s, i) => `${s.accelerator} ${texts[i]}`).join(', ')}`, names: sides.map(side_name),
               sides: [{name: title, colour: blue, colours: sides.map((_, i) => i ? sky : blue), values: values.map(v => v ?? 0), texts}],
               whiskers: all.map(a => a && typeof a.low === 'number' && a.high > a.low ? [a.low, a.high] : null),
               axis: unit, axis_text: x => grouped(+x.toPrecision(3)), row: 48, room: 150}));
}

export function parity(p) {
  const sides = [p.reference, ...p.candidates];
  const r = p.reference;
  const sentences = p.candidates.map(c => c.reached
    ? `${whole(c.accelerators)} ${c.accelerator} equal ${whole(r.accelerators)} ${r.accelerator} on ${p.model}: ${significant(c.ratio, 3)} for one, where peak FLOP/s alone would say ${significant(c.nominal_ratio.peak, 3)}.`
    : `${c.accelerator} of ${c.cluster} does not reach what ${whole(r.accelerators)} ${r.accelerator} make on ${p.model}: ${c.why_not ?? `${percent(c.share_of_target)} of it at most`}.`);
  const ran = sides.filter(s => s.power || s.reached);
  const missing = ran.flatMap(s => (s.power?.not_known ?? []).map(what => `${s.accelerator}: ${typeof what === 'string' ? what : JSON.stringify(what)}`));
  const rows = sides.flatMap(side => [
    ['accelerators', side.accelerators], ['ranks', side.ranks], ['accelerators for one of the reference', side.ratio], ['the same by peak FLOP/s', side.nominal_ratio?.peak],
    ['the same by memory capacity', side.nominal_ratio?.memory_capacity], ['the same by memory bandwidth', side.nominal_ratio?.memory_bandwidth],
    ['tokens/s', side.tokens_per_s], ['tokens/s/accelerator', side.tokens_per_s_per_accelerator], ['MFU', side.mfu], ['tax', side.tax],
  ].map(([what, value]) => ({side, what, value: value ?? null}))
    .concat(Object.entries(side.power ?? {}).filter(([, a]) => a && typeof a === 'object' && 'value' in a).map(([what, a]) => ({side, what, ...a}))));
  return figure('parity', 'How many equal how many', sentences, [
    el('div', {class: 'many'}, ...amounts.map(a => bars(a, ran)).filter(Boolean)),
  ], [
    numbers('parity', 'The numbers', [
      {name: 'accelerator', key: x => x.side.accelerator}, {name: 'cluster', key: x => x.side.cluster}, {name: 'what', key: x => x.what},
      {name: 'value', key: x => x.value, show: x => significant(x, 5), number: true},
      {name: 'low', key: x => x.low ?? null, show: x => significant(x, 5), number: true}, {name: 'high', key: x => x.high ?? null, show: x => significant(x, 5), number: true},
      {name: 'evidence', key: x => x.evidence ?? null},
    ], rows),
  ], [
    footnote(`Scaling: ${p.scaling}. Bars of amounts have their low and high as a line where sources disagree.`),
    ...ran.filter(s => s.evidence_summary).map(s => footnote(`${s.accelerator}: ${s.evidence_summary}`)),
    ...(missing.length ? [footnote(`Not known: ${missing.join('; ')}.`)] : []),
  ]);
}
