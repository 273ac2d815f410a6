// Predicted steps against measured ones, and how far off they are by group.
import {chart, name_axis, room_for, value_axis} from '../chart.js';
import {el, figure, footnote, numbers} from '../dom.js';
import {percent, seconds, signed, whole} from '../format.js';
import {blue, grey, ink, line, orange, soft} from '../palette.js';

const near = 0.1; ///< the band around a right prediction
const held = v => v.runs.filter(r => r.status === 'ok' && r.measured_s !== null && r.error !== null);

function scatter(v) {
  const runs = held(v), s = v.summary.overall;
  const inside = runs.filter(r => Math.abs(r.error) <= near).length;
  const finding = [`${whole(runs.length)} published runs were predicted and measured: the median |error| is ${percent(s.median_abs_error)}, the 90th percentile ${percent(s.p90_abs_error)}, the bias ${signed(s.bias)}. ` +
    `${percent(inside / runs.length)} of them lie within ±10 %.`];
  if (s.baseline_median !== undefined && s.baseline_median !== null)
    finding.push(`The best constant share of peak per chip, chosen knowing these very runs, has a median of ${percent(s.baseline_median)}.`);
  const all = runs.flatMap(r => [r.measured_s, r.predicted_s]);
  const low = 10 ** Math.floor(Math.log10(Math.min(...all))), high = 10 ** Math.ceil(Math.log10(Math.max(...all)));
  const kinds = [['dense', r => !r.experts, blue, 'circle'], ['mixture of experts', r => r.experts, orange, 'triangle']];
  const diagonal = (factor, style) => ({type: 'line', symbol: 'none', silent: true, data: [[low, low * factor], [high, high * factor]], lineStyle: style, clip: true});
  const axis = name => value_axis(name, {type: 'log', min: low, max: high, axisLabel: {formatter: x => `${+x.toPrecision(3)} s`}, minorSplitLine: {show: false}});
  const draw = chart(finding.join(' '), 560, width => ({
    legend: {top: 0, left: 0, data: kinds.map(k => k[0])},
    grid: {left: Math.max(70, (width - 640) / 2), right: Math.max(20, (width - 640) / 2), top: 34, bottom: 48},
    tooltip: {trigger: 'item', formatter: p => p.data.run ? `${p.data.run.id}\nmeasured ${seconds(p.data.run.measured_s)}, predicted ${seconds(p.data.run.predicted_s)}: ${signed(p.data.run.error)}` : ''},
    xAxis: axis('measured step'), yAxis: {...axis('predicted step'), nameGap: 52},
    series: [
      diagonal(1, {color: ink, width: 1.5}), diagonal(1 + near, {color: soft, type: 'dashed', width: 1}), diagonal(1 / (1 + near), {color: soft, type: 'dashed', width: 1}),
      ...kinds.map(([name, of, color, symbol]) => ({type: 'scatter', name, color, symbol, symbolSize: 7, itemStyle: {opacity: 0.65},
        data: runs.filter(of).map(run => ({value: [run.measured_s, run.predicted_s], run}))})),
    ],
  }));
  return figure('validate', 'Predicted against measured', finding, [draw], [
    numbers('validation', 'The numbers, all runs', [
      {name: 'run', key: r => r.id}, {name: 'group', key: r => r.group}, {name: 'grade', key: r => r.grade}, {name: 'accelerator', key: r => r.accelerator},
      {name: 'measured (s)', key: r => r.measured_s, show: x => x.toPrecision(5), number: true}, {name: 'predicted (s)', key: r => r.predicted_s, show: x => x.toPrecision(5), number: true},
      {name: 'low (s)', key: r => r.low_s, show: x => x.toPrecision(5), number: true}, {name: 'high (s)', key: r => r.high_s, show: x => x.toPrecision(5), number: true},
      {name: 'error', key: r => r.error, show: signed, number: true}, {name: 'not predicted because', key: r => r.reason || null},
    ], v.runs),
  ], [footnote('The line is a right prediction, the dashed ones 10 % more and less; error = predicted / measured − 1. ' +
               `Not predicted: ${whole(v.runs.filter(r => r.status !== 'ok').length)}; predicted without a measured step: ${whole(v.runs.filter(r => r.status === 'ok' && r.measured_s === null).length)}.`)]);
}

function groups(v) {
  const runs = held(v), beyond = 0.6;
  const names = Object.keys(v.summary.groups).filter(g => runs.some(r => r.group === g))
    .sort((a, b) => v.summary.groups[a].median_abs_error - v.summary.groups[b].median_abs_error);
  if (names.length < 2) return null;
  const of = g => v.summary.groups[g];
  const best = names[0], worst = names.at(-1);
  const finding = `Nearest is ${best} (median |error| ${percent(of(best).median_abs_error)} over ${of(best).count} runs), farthest ${worst} (${percent(of(worst).median_abs_error)} over ${of(worst).count}).`;
  const far = runs.filter(r => Math.abs(r.error) > beyond).length;
  const labels = names.map(g => `${g} (${runs.filter(r => r.group === g).length})`);
  const draw = chart(finding, 60 + 25 * names.length, width => {
    const left = room_for(labels, width);
    return {
      grid: {left, right: 80, top: 8, bottom: 46},
      tooltip: {trigger: 'item', formatter: p => p.data.run ? `${p.data.run.id}: ${signed(p.data.run.error)}` : ''},
      xAxis: value_axis('error of each run (right: predicted too slow)', {min: -beyond, max: beyond, axisLabel: {formatter: x => signed(x).replace('.0', '')}}),
      yAxis: name_axis(labels, left - 14),
      series: [{type: 'scatter', color: blue, symbolSize: 7, itemStyle: {opacity: 0.45},
                data: runs.map(run => ({value: [Math.max(-beyond, Math.min(beyond, run.error)), names.indexOf(run.group)], run})),
                markArea: {silent: true, itemStyle: {color: grey, opacity: 0.18}, data: [[{xAxis: -near}, {xAxis: near}]]},
                markLine: {silent: true, symbol: 'none', label: {show: false}, lineStyle: {color: ink, type: 'solid'}, data: [{xAxis: 0}]}},
               {type: 'scatter', symbol: 'rect', symbolSize: [4, 19], color: orange, itemStyle: {opacity: 1}, silent: true,
                data: names.map((g, i) => [of(g).bias, i]),
                label: {show: false}},
               {type: 'scatter', symbolSize: 0.01, itemStyle: {opacity: 1}, silent: true, data: names.map((_, i) => [beyond, i]),
                label: {show: true, position: 'right', color: ink, fontSize: 13, formatter: p => percent(of(names[p.dataIndex]).median_abs_error)}}],
    };
  });
  return figure('groups', 'How far off, by group', finding, [
    el('p', {class: 'chart-title', text: 'A dot is a run, the orange line its group\'s median error; right: the median |error|; grey: within ±10 %'}), draw,
  ], [
    numbers('validation-groups', 'The numbers', [
      {name: 'group', key: g => g}, {name: 'runs', key: g => of(g).count}, {name: 'not predicted', key: g => of(g).skipped},
      {name: 'median |error|', key: g => of(g).median_abs_error, show: percent, number: true}, {name: '90th percentile', key: g => of(g).p90_abs_error, show: percent, number: true},
      {name: 'bias', key: g => of(g).bias, show: signed, number: true},
    ], names),
  ], far ? [footnote(`${far} runs are more than ${whole(100 * beyond)} % off and drawn at the edge.`)] : []);
}

export const validate = v => held(v).length ? [scatter(v), groups(v)] : [];
