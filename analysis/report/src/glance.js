// Headline numbers of the runs side by side, at the top of the page.
import {el} from './dom.js';
import {grouped, in_gib, percent, seconds, significant, whole} from './format.js';

const most = 8; ///< columns

const amount = a => a === undefined ? undefined : a.value === null ? (a.at_least ? `at least ${significant(a.at_least, 3)}` : 'not known') : significant(a.value, 3);
/** Of samples over uncertain inputs, or of seeds. */
function spread(r) {
  const of = r.band ?? r.seeds;
  return of ? `${seconds(of.step_time_s.p5)} to ${seconds(of.step_time_s.p95)}` : undefined;
}
const lines = [
  ['accelerator', r => r.accelerator], ['accelerators', r => r.accelerators, whole], ['step time', r => r.step_time_s, seconds],
  ['step time, 5 to 95 %', r => spread(r)], ['tokens/s/accelerator', r => r.tokens_per_s_per_accelerator, x => significant(x, 4)], ['MFU (causal)', r => r.mfu.causal, percent],
  ['interconnect tax', r => r.tax?.total, percent], ['accelerators per effective EFLOP/s', r => r.accelerators_per_effective_eflops, whole],
  ['memory of the fullest rank', r => r.memory.total, (x, r) => `${in_gib(x)} of ${in_gib(r.memory.capacity)}${r.memory.fits ? '' : ': does not fit'}`],
  ['recomputation', r => r.plan.recompute],
  ['measured runs of this chip', r => r.evidence?.find(e => e.figure === 'accelerator.measured_runs')?.value, x => x === '0' ? 'none' : grouped(x)],
  ['megawatts of the site', r => amount(r.power?.facility_mw)], ['energy of a token (J)', r => amount(r.power?.energy_per_token_j)],
  ['dollars a million tokens', r => amount(r.power?.usd_per_million_tokens)],
];

export function glance(runs) {
  if (!runs.length || runs.length > most) return null;
  const rows = lines.filter(([, key]) => runs.some(r => key(r) !== undefined && key(r) !== null));
  return el('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'headline numbers'}, el('table', {class: 'glance'},
    el('thead', {}, el('tr', {}, el('th', {text: ''}), ...runs.map(r => el('th', {scope: 'col', class: 'number', text: r.title})))),
    el('tbody', {}, ...rows.map(([name, key, show]) => el('tr', {}, el('th', {scope: 'row', text: name}), ...runs.map(r => {
      const value = key(r), missing = value === undefined || value === null;
      return el('td', {class: 'number', 'data-value': typeof value === 'number' ? String(value) : undefined, text: missing ? '–' : show ? show(value, r) : value});
    }))))));
}
