// The sentences at the top, computed from what the page holds.
import {grouped, listed, message, percent, plural, seconds, significant, signed, times, whole} from './format.js';

const most_shown = 6; ///< runs whose evidence is told at the top

export function quotes({runs, of}) {
  const out = {title: '', sentences: [], caveats: []};
  const claims = of('claims').flatMap(result => result.claims);
  if (claims.length) of_claims(claims, out);
  for (const [kind, tell] of tellers) for (const result of of(kind)) tell(result, out);
  const collectives = of('collective').flatMap(r => r.collectives.map(c => ({...c, cluster: r.cluster})));
  if (collectives.length) of_collectives(collectives, out);
  if (runs.length) of_runs(runs, out);
  if (!out.title) out.title = 'Weft report';
  return out;
}

const tellers = [
  ['swap', ({swap}, out) => {
    const [a, b, a_on_b, b_on_a] = swap.corners;
    title(out, `${b.name} against ${a.name}`);
    const most = [...swap.parts].sort((x, y) => Math.abs(y.seconds) - Math.abs(x.seconds))[0];
    out.sentences.push(`${swap.b} takes ${significant(swap.ratio, 3)} times the step of ${swap.a}; the largest part of the difference is ${most.part} (${most.seconds < 0 ? '−' : '+'}${seconds(Math.abs(most.seconds))} of ${swap.gap_s < 0 ? '−' : '+'}${seconds(Math.abs(swap.gap_s))}).`);
    for (const [c, own] of [[a_on_b, a], [b_on_a, b]])
      if (c && own) out.sentences[0] += ` ${c.name}: ${signed(c.step_time_s / own.step_time_s - 1)}.`;
  }],
  ['parity', (p, out) => {
    title(out, `Equal to ${whole(p.reference.accelerators)} ${p.reference.accelerator} on ${p.model}`);
    for (const c of p.candidates.filter(x => x.reached))
      out.sentences.push(`${whole(c.accelerators)} ${c.accelerator} equal ${whole(p.reference.accelerators)} ${p.reference.accelerator} on ${p.model}: ${significant(c.ratio, 3)} for one, where peak FLOP/s alone would say ${significant(c.nominal_ratio.peak, 3)}.`);
    for (const c of p.candidates.filter(x => !x.reached)) out.sentences.push(`${c.accelerator} of ${c.cluster} does not reach what ${whole(p.reference.accelerators)} ${p.reference.accelerator} make on ${p.model}.`);
    for (const s of [p.reference, ...p.candidates]) if (s.evidence_summary) out.caveats.push(`${s.accelerator}: ${s.evidence_summary}`);
  }],
  ['sensitivity', (s, out) => {
    title(out, `${s.scenario}: what a step gains from more of each number`);
    out.sentences.push(s.first);
    if (s.evidence_summary) out.caveats.push(s.evidence_summary);
    if (!s.fits) out.caveats.push(`${s.scenario} does not fit into memory.`);
  }],
  ['validate', (v, out) => {
    const s = v.summary.overall;
    title(out, `Predicted against ${grouped(s.count)} measured runs`);
    out.sentences.push(`Over ${grouped(s.count - s.skipped)} published runs with a measured step the median |error| is ${percent(s.median_abs_error)} and the 90th percentile ${percent(s.p90_abs_error)}; the best constant share of peak per chip has ${percent(s.baseline_median)} and ${percent(s.baseline_p90)}.`);
  }],
];
function title(out, text) { out.title ||= text; }

function of_claims(claims, out) {
  const judged = claims.flatMap(c => c.readings).filter(r => r.holds && r.yes + r.no + r.open > 0);
  const yes = judged.filter(r => r.yes === r.yes + r.no + r.open).length, no = judged.filter(r => r.yes + r.open === 0).length;
  title(out, claims.length === 1 ? `Claim: ${claims[0].name}` : `${claims.length} claims about interconnects and chips`);
  out.sentences.push(`Of ${plural(judged.length, 'judged reading', 'judged readings')}, ${yes} ${yes === 1 ? 'holds' : 'hold'} in every world asked, ${no} in none; the rest are open or hold under conditions.`);
  const without = [...new Set(claims.flatMap(c => c.readings).flatMap(r => r.cells).filter(c => c.measured_runs === 0 && c.best?.plan).map(c => c.hardware))];
  if (without.length) out.caveats.push(`Projections, no measured run with a known plan behind the chip: ${listed(without)}.`);
  for (const a of new Set(claims.flatMap(c => c.assumptions ?? []).slice(0, 3))) out.caveats.push(`Assumed: ${a}`);
}

function of_collectives(all, out) {
  const best = all.reduce((a, b) => b.busbw > a.busbw ? b : a);
  title(out, `${listed([...new Set(all.map(c => c.op))])} on ${listed([...new Set(all.map(c => c.cluster))])}`);
  out.sentences.push(`${all.length > 1 ? 'The highest bus bandwidth: ' : ''}${best.op} of ${message(best.size_bytes)} over ${whole(best.ranks)} ranks of ${best.cluster} takes ${seconds(best.time_s)} with ${best.algorithm}, a bus bandwidth of ${significant(best.busbw, 4)}\u00a0GB/s.`);
}

function of_runs(runs, out) {
  const models = [...new Set(runs.map(r => r.model))], chips = [...new Set(runs.map(r => r.accelerator))];
  const one = runs[0];
  title(out, runs.length === 1 ? `${one.model} on ${whole(one.accelerators)} ${one.accelerator} (${one.cluster})`
    : `${listed(models)} on ${chips.length > 1 ? listed(chips) : `${chips[0]}: ${plural(runs.length, 'run', 'runs')}`}`);
  const taxed = runs.filter(r => r.tax).sort((a, b) => b.tax.total - a.tax.total);
  const fast = [...runs].sort((a, b) => b.tokens_per_s_per_accelerator - a.tokens_per_s_per_accelerator);
  if (runs.length === 1) {
    const lead = one.explanation?.[0] ?? (one.tax ? `The interconnect takes ${percent(one.tax.total)} of the step.` : `A step takes ${seconds(one.step_time_s)}.`);
    out.sentences.push(`${lead} ${significant(one.tokens_per_s_per_accelerator)} tokens/s per accelerator, ${percent(one.mfu.causal)} MFU.`);
  } else if (!out.sentences.length) {
    const a = fast[0], z = fast.at(-1);
    const called = chips.length === runs.length ? r => r.accelerator : r => r.title; // chips are shorter, where they tell runs apart
    const speed = `Per accelerator ${called(a)} trains ${times(a.tokens_per_s_per_accelerator / z.tokens_per_s_per_accelerator)} as fast as ${called(z)}.`;
    out.sentences.push((taxed.length > 1
      ? `The interconnect takes ${percent(taxed[0].tax.total)} of the step on ${called(taxed[0])} and ${percent(taxed.at(-1).tax.total)} on ${called(taxed.at(-1))}. ` : '') + speed);
  }
  careful(runs, out);
}

/** What the same inputs say once, with the runs they are of. */
function careful(runs, out) {
  const said = new Map();
  const say = (text, run) => said.set(text, [...(said.get(text) ?? []), run.title]);
  for (const run of runs) {
    for (const caveat of run.caveats ?? []) say(caveat, run);
    if (run.evidence_summary) say(run.evidence_summary, run);
    if (!run.memory.fits) say('Does not fit into memory.', run);
  }
  for (const [text, names] of [...said].slice(0, 2 * most_shown))
    out.caveats.push(runs.length === 1 ? text : names.length === runs.length ? `All: ${text}` : names.length > 3 ? `${names.length} runs: ${text}` : `${listed(names)}: ${text}`);
  if (said.size > 2 * most_shown) out.caveats.push(`${said.size - 2 * most_shown} more stand in the results themselves.`);
}
