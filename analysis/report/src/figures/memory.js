// What lies in the memory of the fullest rank, against what it has.
import {figure, numbers} from '../dom.js';
import {sources} from '../evidence.js';
import {gibibytes, in_gib} from '../format.js';
import {of_memory} from '../palette.js';
import {run_name, stacked} from '../stacked.js';

const kinds = ['weights', 'gradients', 'optimizer', 'activations', 'workspace'];

const says = run => {
  const m = run.memory, over = m.total - m.capacity;
  return `${run.title}: ${in_gib(m.total)} of ${in_gib(m.capacity)} on the fullest rank (stage ${m.worst_stage}); ` +
    (m.fits ? `it fits, ${in_gib(-over)} are left.` : `it does not fit: ${in_gib(over)} too much.`);
};

export function memory(runs) {
  const finding = runs.length <= 4 ? runs.map(says)
    : [`${runs.filter(r => r.memory.fits).length} of ${runs.length} fit into memory.`, ...runs.filter(r => !r.memory.fits).map(says)];
  const parts = kinds.map(name => ({name, colour: of_memory(name), values: runs.map(r => gibibytes(r.memory[name]))}));
  const rows = runs.flatMap(run => run.memory.stages.map(stage => ({run, stage, fullest: stage.stage === run.memory.worst_stage})));
  return figure('memory', 'Memory', finding, [
    stacked({label: finding.join(' '), names: runs.map(run_name), parts, axis: 'GiB on the fullest rank',
             show: x => `${x.toFixed(1)}`, axis_text: x => `${x}`,
             marks: {name: 'what a rank has', values: runs.map(r => gibibytes(r.memory.capacity)), texts: runs.map(r => in_gib(r.memory.capacity))}}),
  ], [
    numbers('memory', 'The numbers, of all stages', [
      {name: 'scenario', key: r => r.run.title}, {name: 'stage', key: r => r.stage.stage}, {name: 'fullest', key: r => r.fullest ? 'yes' : null},
      ...kinds.concat('total').map(part => ({name: `${part} (bytes)`, key: r => r.stage[part], show: in_gib})),
      {name: 'what a rank has (bytes)', key: r => r.run.memory.capacity, show: in_gib},
    ], rows),
  ], sources(runs, ['memory_capacity', 'memory_reserve', '_bytes']));
}
