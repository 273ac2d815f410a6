// Where time went: what ranks did in every second of the step.
import {figure, footnote, numbers} from '../dom.js';
import {sources} from '../evidence.js';
import {listed, percent, seconds} from '../format.js';
import {colour_of_entry, dimension} from '../palette.js';
import {run_name, stacked} from '../stacked.js';

const dims = Object.keys(dimension);
const share = (run, name) => run.where.find(w => w.entry === name)?.share ?? 0;
const exposed = run => dims.reduce((sum, name) => sum + share(run, name), 0);
const waiting = run => share(run, 'bubble') + share(run, 'imbalance');
const shown_as = name => dims.includes(name) ? `exposed ${name}` : name;

/** What entries mean, for who has not read the page on ledgers. */
const means = {
  'useful': "model FLOP at the chip's peak", 'below peak': 'what matmuls and attention take beyond that', 'memory-bound': 'norms, activations and the like, limited by HBM',
  'recomputation': 'activations computed again to save memory', 'host': 'waiting for kernels to be issued', 'optimizer': 'update of the weights',
  'overlap slowdown': 'compute made slower by communication beside it', 'bubble': 'the pipeline fills and drains', 'imbalance': 'waiting for a stage that has more to do',
};

function says(run) {
  const rest = 1 - share(run, 'useful') - exposed(run) - waiting(run);
  return `${percent(share(run, 'useful'))} of a step of ${seconds(run.step_time_s)} is model FLOP at the chip's peak, ` +
    `${percent(rest)} other work on the chip, ${percent(exposed(run))} communication that nothing hides, ${percent(waiting(run))} waiting (bubble, imbalance).`;
}
/** From the most to the least of something. */
function range(runs, of, what) {
  const sorted = [...runs].sort((a, b) => of(b) - of(a));
  return `${what}: most on ${sorted[0].title} (${percent(of(sorted[0]))}), least on ${sorted.at(-1).title} (${percent(of(sorted.at(-1)))}).`;
}

export function where(runs) {
  const all = [...new Set(runs.flatMap(r => r.where.map(w => w.entry)))];
  const shown = all.filter(name => runs.some(r => share(r, name) >= 0.0005));
  const parts = shown.map(name => ({name: shown_as(name), colour: colour_of_entry(name), values: runs.map(r => share(r, name))}));
  const finding = runs.length === 1 ? [says(runs[0])] : [
    range(runs, r => share(r, 'useful'), "Model FLOP at the chip's peak"),
    range(runs, exposed, 'Communication that nothing hides'), range(runs, waiting, 'Waiting (bubble, imbalance)')];
  const rows = runs.flatMap(run => run.where.map(w => ({run, w})));
  const silent = all.filter(name => !shown.includes(name));
  if (silent.length) finding.push(`Below 0.05 % everywhere and not drawn: ${listed(silent.map(shown_as))}.`);
  return figure('where', 'Where time went', finding, [
    stacked({label: finding.join(' '), names: runs.map(run_name), parts, axis: 'share of the step, averaged over all ranks', max: 1,
             show: percent, axis_text: x => `${Math.round(100 * x)} %`, totals: runs.map(r => seconds(r.step_time_s))}),
  ], [
    numbers('where-time-went', 'The numbers', [
      {name: 'scenario', key: r => r.run.title}, {name: 'entry', key: r => shown_as(r.w.entry)},
      {name: 'seconds', key: r => r.w.seconds, show: x => x.toPrecision(5)}, {name: 'share', key: r => r.w.share, show: percent},
      {name: 'made by the network (s)', key: r => r.w.network_made_s ?? null, show: x => x.toPrecision(4), number: true},
    ], rows),
  ], [footnote(shown.filter(name => means[name]).map(name => `${shown_as(name)}: ${means[name]}`).join(' · ') + '.'), ...sources(runs, ['accelerator.', 'stack.'])]);
}
