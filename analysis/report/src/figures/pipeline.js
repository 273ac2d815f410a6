// The step's pipeline, stages down and time across: a picture that came with the run.
import {drawing, figure, numbers} from '../dom.js';
import {percent, seconds} from '../format.js';

function picture(text) {
  const parsed = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
  return document.importNode(parsed, true);
}

export function pipeline(run) {
  if (!run.pipeline) return null;
  const share = entry => run.where.find(w => w.entry === entry)?.share ?? 0;
  const stages = run.critical_path?.by_stage ?? [];
  const longest = stages.reduce((a, b) => (b.seconds > (a?.seconds ?? 0) ? b : a), null);
  const finding = [`Ranks wait ${percent(share('bubble'))} of the step for the pipeline (grey) and ${percent(share('imbalance'))} for a slower stage or peer.`];
  if (longest && stages.length > 1) finding.push(`Of the chain of work that the step waits for, ${percent(longest.seconds / run.step_time_s)} is on stage ${longest.stage}.`);
  return figure('pipeline', 'The step, stage by stage', finding, [
    drawing(`Stages of ${run.title} down, time across: ${finding.join(' ')}`, at => at.append(picture(run.pipeline))),
  ], [
    numbers('pipeline', 'What the step waits for, by stage', [
      {name: 'stage', key: s => s.stage}, {name: 'on the critical path (s)', key: s => s.seconds, show: seconds},
      {name: 'of the step', key: s => s.seconds / run.step_time_s, show: percent},
    ], stages),
  ]);
}
