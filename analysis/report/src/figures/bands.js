// How sure a run's step is: what each uncertain input moves it by.
import {two_sided} from '../bars.js';
import {figure, footnote, numbers} from '../dom.js';
import {percent, seconds, signed, whole} from '../format.js';
import {blue, orange} from '../palette.js';

export function bands(runs) {
  return runs.filter(r => r.band).map((run, i) => {
    const b = run.band, s = b.step_time_s, base = run.step_time_s;
    const inputs = b.inputs.map(input => ({...input, low_change: input.step_time_s.at_low / base - 1, high_change: input.step_time_s.at_high / base - 1}))
      .sort((x, y) => span(y) - span(x));
    const drawn = inputs.filter(x => Math.max(Math.abs(x.low_change), Math.abs(x.high_change)) >= 0.0005);
    const finding = [`${run.title}: a step of ${seconds(base)}, 5 to 95 % of ${whole(b.samples)} samples lie between ${seconds(s.p5)} and ${seconds(s.p95)}; the tax between ${percent(b.tax.p5)} and ${percent(b.tax.p95)}.`,
      ...(drawn.length ? [`Most of it is ${drawn[0].input} (${drawn[0].low} to ${drawn[0].high}, ${drawn[0].evidence}).`] : [])];
    const side = (name, key, colour) => ({name, colour, values: drawn.map(x => x[key]), texts: drawn.map(x => Math.abs(x[key]) < 0.0005 ? '' : signed(x[key]))});
    return figure(`bands-${i}`, runs.length > 1 ? `How sure that is: ${run.title}` : 'How sure that is', finding, drawn.length ? [
      two_sided({label: finding.join(' '), names: drawn.map(x => `${x.input}\n${x.low} to ${x.high}`), row: 44,
                 sides: [side('at its low', 'low_change', orange), side('at its high', 'high_change', blue)], axis: 'change of the step, one input alone', axis_text: x => `${Math.round(100 * x)} %`})] : [], [
      numbers(`bands-${i}`, 'The numbers', [
        {name: 'input', key: x => x.input}, {name: 'low', key: x => x.low}, {name: 'value', key: x => x.value}, {name: 'high', key: x => x.high}, {name: 'evidence', key: x => x.evidence}, {name: 'source', key: x => x.source},
        {name: 'step at low (s)', key: x => x.step_time_s.at_low, show: x => x.toPrecision(5)}, {name: 'step at high (s)', key: x => x.step_time_s.at_high, show: x => x.toPrecision(5)},
        {name: 'tax at low', key: x => x.tax.at_low, show: percent}, {name: 'tax at high', key: x => x.tax.at_high, show: percent},
      ], inputs)], [footnote(`${whole(b.assumed_without_band)} inputs are assumed and have no band: they are not in it.`)]);
  });
}
const span = x => Math.max(Math.abs(x.low_change), Math.abs(x.high_change));
