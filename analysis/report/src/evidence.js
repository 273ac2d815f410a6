// Footnotes: what a figure's inputs are, and what stands behind each.
import {el, footnote, table} from './dom.js';
import {listed} from './format.js';

const kinds = ['measured', 'vendor', 'analyst', 'derived', 'assumed'];

/** Inputs of several runs whose name begins like one of `of`; equal ones once, with the runs they are of. */
function gathered(runs, of) {
  const found = new Map();
  for (const run of runs)
    for (const one of run.evidence ?? []) {
      if (of && !of.some(begin => one.figure.includes(begin))) continue;
      const key = JSON.stringify([one.figure, one.value, one.evidence, one.source]);
      if (!found.has(key)) found.set(key, {...one, runs: []});
      const names = found.get(key).runs;
      if (!names.includes(run.scenario)) names.push(run.scenario);
    }
  return [...found.values()];
}

/** "Inputs: 3 measured, 2 assumed." and the list; nothing where the result has no evidence of them. */
export function sources(runs, of) {
  const inputs = gathered(runs, of);
  if (!inputs.length) return [];
  const counts = kinds.map(kind => [kind, inputs.filter(i => i.evidence === kind).length]).filter(([, n]) => n > 0);
  const all = new Set(runs.map(r => r.scenario)).size;
  const columns = [
    {name: 'input', key: i => i.figure},
    {name: 'value', key: i => i.value},
    {name: 'low to high', key: i => i.low || i.high ? `${i.low ?? '?'} to ${i.high ?? '?'}` : null},
    {name: 'evidence', key: i => i.evidence},
    {name: 'source', key: i => i.source + (i.note ? ` (${i.note})` : ''), wide: true},
  ];
  if (all > 1) columns.push({name: 'of', key: i => i.runs.length === all ? 'all' : i.runs.join(', ')});
  return [
    footnote(`Stands on ${inputs.length} inputs: ${listed(counts.map(([kind, n]) => `${n} ${kind}`))}.`),
    el('details', {class: 'sources'}, el('summary', {text: 'Their values, sources and evidence'}), table(columns, inputs, 'inputs')),
  ];
}

/** The inputs of all figures at the end of the page, once; on paper only here. */
export function all_sources(runs) {
  const list = sources(runs);
  return list.length ? [el('section', {class: 'sources-of-all'}, el('h2', {text: 'Inputs, their sources and evidence'}), ...list)] : [];
}
