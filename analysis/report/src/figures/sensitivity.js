// What the step gains and loses by more and less of each hardware number, and by each neighbouring plan.
import {el, figure, footnote, numbers} from '../dom.js';
import {percent, seconds, signed} from '../format.js';
import {two_sided} from '../bars.js';
import {blue, grey, orange, sky} from '../palette.js';

const shown = 0.0005; ///< of the step
const most_plans = 12;
const change = to => to ? to.ratio - 1 : null;
const text = to => to ? signed(to.ratio - 1) + (to.fits === false ? ' (does not fit)' : '') : '';

const span = k => Math.abs(change(k.doubled) ?? 0) + Math.abs(change(k.halved) ?? 0);

function tornado(s) {
  const knobs = s.knobs.filter(k => Math.max(Math.abs(change(k.doubled) ?? 0), Math.abs(change(k.halved) ?? 0)) >= shown)
    .sort((a, b) => span(b) - span(a));
  const silent = s.knobs.filter(k => !knobs.includes(k)).map(k => k.knob);
  const finding = [s.first, ...(silent.length ? [`Less than 0.05 % for twice and half of: ${silent.join(', ')}.`] : [])];
  const side = (name, key, colour) => ({name, colour, values: knobs.map(k => change(k[key])), texts: knobs.map(k => Math.abs(change(k[key]) ?? 0) < shown ? '' : text(k[key]))});
  return figure('sensitivity', `What to buy first: ${s.scenario}`, finding, knobs.length ? [
    two_sided({label: finding.join(' '), names: knobs.map(k => k.knob), sides: [side('half of it', 'halved', orange), side('twice of it', 'doubled', blue)],
               axis: `change of the step of ${seconds(s.step_time_s)} (left: shorter)`, axis_text: x => `${Math.round(100 * x)} %`}),
  ] : [], [
    numbers('sensitivity', 'The numbers', [
      {name: 'number', key: k => k.knob}, {name: 'about', key: k => k.about}, {name: 'kind', key: k => k.kind},
      {name: 'elasticity', key: k => k.elasticity, show: x => x.toFixed(4), number: true},
      ...[['step at x 0.9', 'minus10'], ['step at x 1.1', 'plus10'], ['step at half', 'halved'], ['step at twice', 'doubled'], ['step at none', 'none']]
        .map(([name, key]) => ({name: `${name} (s)`, key: k => k[key]?.step_time_s ?? null, show: x => x.toPrecision(5), number: true})),
      {name: 'tax at twice', key: k => k.doubled?.tax ?? null, show: percent, number: true},
    ], s.knobs),
  ], [footnote(`Elasticities of rates sum to ${s.sum_rule.rates.toFixed(4)}, those of times to ${s.sum_rule.times.toFixed(4)}; their difference is ${s.sum_rule.sum.toFixed(4)} (−1 where nothing is at a tie).`),
      ...at_ties(s), ...(s.evidence_summary ? [footnote(s.evidence_summary)] : [])]);
}
const at_ties = s => {
  const ties = s.knobs.filter(k => k.tie).map(k => k.knob);
  return ties.length ? [footnote(`At a tie, where more and less of it have different slopes: ${ties.join(', ')}.`)] : [];
};

function plans(s) {
  if (!s.plan?.length) return null;
  const sorted = [...s.plan].sort((a, b) => a.ratio - b.ratio), drawn = sorted.slice(0, most_plans);
  const best = sorted.find(p => p.fits);
  const finding = best && best.ratio < 1
    ? `The best neighbouring plan is ${best.change}: the step changes by ${signed(best.ratio - 1)}, to ${seconds(best.step_time_s)}, with nothing bought.`
    : `None of ${sorted.length} neighbouring plans is faster and fits${best ? `; the nearest is ${best.change} (${signed(best.ratio - 1)})` : ''}.`;
  return figure('plans', `One choice of the plan changed: ${s.scenario}`, finding, [
    two_sided({label: finding, names: drawn.map(p => p.change), axis: 'change of the step (left: shorter)', axis_text: x => `${Math.round(100 * x)} %`,
               sides: [{name: 'plan', colour: blue, values: drawn.map(p => p.ratio - 1), texts: drawn.map(p => text(p)),
                        colours: drawn.map(p => !p.fits ? grey : p.ratio < 1 ? blue : sky)}], row: 28, room: 150}),
    ...(sorted.length > drawn.length ? [el('p', {class: 'footnote', text: `The best ${drawn.length} of ${sorted.length} are drawn; the table has all. Grey does not fit into memory.`})] : []),
  ], [
    numbers('plans', 'The numbers', [
      {name: 'change', key: p => p.change}, {name: 'step (s)', key: p => p.step_time_s, show: x => x.toPrecision(5)},
      {name: 'change of the step', key: p => p.ratio - 1, show: signed}, {name: 'tax', key: p => p.tax, show: percent},
      {name: 'recomputation', key: p => p.recompute}, {name: 'fits', key: p => p.fits ? 'yes' : 'no'},
    ], sorted),
  ]);
}

export const sensitivity = s => [tornado(s), plans(s)];
