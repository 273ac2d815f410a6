// What the page holds: the JSON that weft printed, and what kind of result each is.

import {whole} from './format.js';

/** By keys; analysis/report.cpp has refused what is none of these. */
export function kind_of(result) {
  const has = key => Object.hasOwn(result, key);
  if (has('scenarios')) return has('swap') ? 'swap' : 'compare';
  if (has('where') && has('step_time_s')) return 'run';
  if (has('collectives')) return 'collective';
  if (has('knobs')) return 'sensitivity';
  if (has('reference') && has('candidates')) return 'parity';
  if (has('claims')) return 'claims';
  if (has('runs') && has('summary')) return 'validate';
  return 'unknown';
}

export function read_results(root) {
  const all = [...root.querySelectorAll('script[type="application/json"]')].map(block => JSON.parse(block.textContent));
  const about = all.find(block => Object.hasOwn(block, 'command')) ?? {};
  const results = all.filter(block => block !== about).map((value, i) => ({kind: kind_of(value), value, pipeline: about.pipelines?.[i]}));
  const of = kind => results.filter(r => r.kind === kind).map(r => r.value);
  return {about, of, runs: named(results.flatMap(runs_in))};
}

function runs_in({kind, value, pipeline}) {
  if (kind === 'run') return [{...value, pipeline}];
  if (kind === 'compare' || kind === 'swap') return value.scenarios;
  return [];
}

/** Each run gets a `title`; where two would be alike, what differs between them is added. */
function named(runs) {
  const seen = new Map();
  for (const run of runs) seen.set(run.scenario, (seen.get(run.scenario) ?? 0) + 1);
  const differs = key => new Set(runs.map(key)).size > 1;
  // With the size, dp follows.
  const shape = differs(r => r.accelerators) ? plan => plan_text({...plan, dp: 1}) : plan_text;
  const traits = [
    [run => run.accelerator, run => run.accelerator],
    [run => run.accelerators, run => `${whole(run.accelerators)} accelerators`],
    [run => run.network?.nics?.bandwidth_bytes_per_s, run => `NIC ${run.network?.nics?.bandwidth_bytes_per_s / 1e9} GB/s`],
    [run => shape(run.plan), run => shape(run.plan)],
    [run => run.seed, run => `seed ${run.seed}`],
  ].filter(([key]) => differs(key));
  const count = new Map();
  return runs.map(run => {
    const wanted = seen.get(run.scenario) > 1 && traits.length ? `${run.scenario} (${traits.map(([, text]) => text(run)).join(', ')})` : run.scenario;
    count.set(wanted, (count.get(wanted) ?? 0) + 1);
    return {...run, title: count.get(wanted) > 1 ? `${wanted} #${count.get(wanted)}` : wanted};
  });
}

export const plan_text = plan =>
  ['tp', 'cp', 'ep', 'pp', 'vpp', 'dp'].filter(d => plan[d] > 1).map(d => `${d} ${plan[d]}`).join(' · ');
