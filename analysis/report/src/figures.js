// Which figures a page has, in order: answers first, then the runs they stand on.
import {bands} from './figures/bands.js';
import {claims} from './figures/claims.js';
import {collective} from './figures/collective.js';
import {links} from './figures/links.js';
import {memory} from './figures/memory.js';
import {pipeline} from './figures/pipeline.js';
import {parity} from './figures/parity.js';
import {sensitivity} from './figures/sensitivity.js';
import {heat_maps, scale} from './figures/sweep.js';
import {swap} from './figures/swap.js';
import {tax} from './figures/tax.js';
import {validate} from './figures/validate.js';
import {where} from './figures/where.js';

const side_by_side = 12; ///< bars that a figure of scenarios holds; more are a sweep

export function figures_of({runs, of}) {
  const out = [];
  const add = (...figures) => out.push(...figures.filter(Boolean));
  add(...claims(of('claims').flatMap(result => result.claims)));
  for (const result of of('swap')) add(...swap(result.swap));
  for (const result of of('parity')) add(parity(result));
  for (const result of of('sensitivity')) add(...sensitivity(result));
  for (const result of of('validate')) add(...validate(result));
  add(...collective(of('collective')));
  if (runs.length > 1) add(...heat_maps(runs), scale(runs));
  if (runs.length && runs.length <= side_by_side) add(where(runs), tax(runs), ...bands(runs), links(runs), memory(runs), ...runs.map(pipeline));
  else if (runs.some(r => !r.memory.fits)) add(memory(runs.filter(r => !r.memory.fits).slice(0, side_by_side)));
  out.forEach((figure, i) => { // numbers and names that are alike on no two figures
    const heading = figure.querySelector('h2');
    heading.textContent = `${i + 1}. ${heading.textContent}`;
    if (out.findIndex(other => other.id === figure.id) < i) figure.id = `${figure.id}-${i + 1}`;
  });
  return out;
}
