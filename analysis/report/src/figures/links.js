// How full links are, on a drawing of the interconnect: accelerators in the middle, scale-up below, cards and
// switches above.
import {drawing, figure, numbers, svg, el} from '../dom.js';
import {sources} from '../evidence.js';
import {bytes, percent, plural, rate, whole} from '../format.js';
import {heat, ink, line, soft} from '../palette.js';
import {font} from '../chart.js';

const most = 4;             ///< drawings on a page
const wide = 540, gap = 62; ///< of one drawing, and between its levels

/** Links of one tier, lowest first; both directions together. */
function tiers_of(run) {
  const out = [];
  for (const link of run.links) {
    let at = out.find(t => t.name === link.tier);
    if (!at) out.push(at = {name: link.tier, links: []});
    at.links.push(link);
  }
  for (const t of out) {
    t.fullest = t.links.reduce((a, b) => b.utilisation > a.utilisation ? b : a);
    t.utilisation = t.fullest.utilisation;
    const busy = t.links.map(l => l.while_busy).filter(x => x !== undefined);
    t.busy = busy.length ? Math.max(...busy) : undefined;
  }
  return out;
}
/** Tiers that accelerators reach without a network card hang below them. */
function split(run) {
  const tiers = tiers_of(run), card = tiers.findIndex(t => t.name === 'NIC');
  const first = card < 0 ? tiers.length : card;
  return {below: tiers.slice(0, first), above: tiers.slice(first)};
}

const text = (x, y, what, more = {}) => svg('text', {x, y, 'font-family': font, 'font-size': 13, fill: ink, ...more, text: what});
const box = (x, y, width, height, more = {}) => svg('rect', {x, y, width, height, rx: 4, fill: '#ffffff', stroke: soft, ...more});

/** The lines between two levels, as thick and as dark as they are full, and what they are. */
function lines(out, tier, y, from, to) {
  const colour = heat(0.15 + 0.85 * tier.utilisation), thick = 2 + 7 * tier.utilisation;
  for (const [a, b] of from.map((x, i) => [x, to[i]]))
    out.append(svg('line', {x1: a, y1: y, x2: b, y2: y + gap - 22, stroke: colour, 'stroke-width': thick}));
  const busy = tier.busy === undefined ? '' : `, ${percent(tier.busy)} while in use`;
  const size = `${plural(tier.links.reduce((n, l) => n + l.links, 0), 'link', 'links')} of ${rate(tier.fullest.achieved_bytes_per_s)}`;
  out.append(text(212, y + 15, `${tier.name}: ${percent(tier.utilisation)} full over the step`, {'font-weight': 600}),
             text(212, y + 33, `${size}${busy}`, {fill: soft, 'font-size': 12}));
}
const level = (out, y, name, count) => {
  const w = 190 / count;
  for (let i = 0; i < count; ++i) out.append(box(4 + i * w + 3, y, w - 6, 22, {fill: '#eef1f4'}));
  out.append(text(count === 1 ? 101 : 212, y + 16, name, {'text-anchor': count === 1 ? 'middle' : 'start', fill: soft, 'font-size': 12}));
};

/** What stands over the links of a tier. */
function name_of(above, i) {
  if (i === above.length - 1) return above[i].name === 'site link' ? 'the other sites' : 'top switches';
  return above[i + 1].name === 'site link' ? 'top switches of a site' : `${above[i + 1].name.replace(' uplink', '')} switches`;
}

function picture(run) {
  const {below, above} = split(run), n = run.network;
  const height = (below.length + above.length) * gap + 60;
  const out = svg('svg', {viewBox: `0 0 ${wide} ${height}`, width: wide, height, 'aria-hidden': 'true'});
  let y = 4;
  const fan = count => Array.from({length: 8}, (_, i) => 4 + 190 * (Math.floor(i * count / 8) + 0.5) / count);
  const chips = Array.from({length: 8}, (_, i) => 4 + 190 * (i + 0.5) / 8);
  for (let i = above.length; i-- > 0;) { // from the top: what stands over tier i is joined by it
    const blocks = i === above.length - 1 ? 1 : 2, under = i === 0 ? 8 : 2;
    level(out, y, name_of(above, i), blocks);
    lines(out, above[i], y + 22, fan(blocks), i === 0 ? chips : fan(under));
    y += gap;
  }
  for (let i = 0; i < 8; ++i) out.append(box(4 + 190 * i / 8 + 2, y, 190 / 8 - 4, 22, {fill: '#0b3d70', stroke: '#0b3d70'}));
  const domain = n ? `${whole(run.accelerators)} accelerators · node ${n.accelerators_per_node} · domain ${n.accelerators_per_domain}` : `${whole(run.accelerators)} accelerators`;
  out.append(text(212, y + 16, domain, {'font-size': 12, fill: soft}));
  below.forEach((tier, i) => {
    const last = i === below.length - 1;
    lines(out, tier, y + 22, i === 0 ? chips : fan(2), fan(last ? 1 : 2));
    y += gap;
    level(out, y, last ? 'scale-up fabric' : 'scale-up switches of a node', last ? 1 : 2);
  });
  out.setAttribute('viewBox', `0 0 ${wide} ${y + 30}`);
  out.setAttribute('height', y + 30);
  return out;
}

const says = run => {
  const tiers = tiers_of(run).sort((a, b) => b.utilisation - a.utilisation), t = tiers[0];
  return `${run.title}: fullest over the whole step are links of the tier "${t.name}" at ${percent(t.utilisation)}` +
    (t.busy === undefined ? '.' : `, and at ${percent(t.busy)} while something crosses them.`);
};

function scale() {
  const out = svg('svg', {viewBox: '0 0 620 34', width: 620, height: 34, 'aria-hidden': 'true'});
  for (let i = 0; i < 50; ++i) out.append(svg('rect', {x: 60 + 4 * i, y: 4, width: 4.5, height: 12, fill: heat(0.15 + 0.85 * i / 49)}));
  out.append(text(52, 15, '0 %', {'text-anchor': 'end'}), text(268, 15, '100 % of what the links achieve'), svg('line', {x1: 60, y1: 20, x2: 260, y2: 20, stroke: line}));
  return out;
}

export function links(all) {
  const runs = all.filter(r => r.links?.some(l => l.bytes > 0)).slice(0, most);
  if (!runs.length) return null;
  const finding = runs.map(says);
  const used = all.filter(r => r.links?.some(l => l.bytes > 0));
  if (used.length > most) finding.push(`Drawn are the first ${most} of ${used.length} runs; the table has all.`);
  const label = run => `Drawing of the interconnect of ${run.title}: ` +
    tiers_of(run).map(t => `${t.name} ${percent(t.utilisation)} full`).join(', ') + '.';
  const drawings = runs.map(run => el('div', {},
    runs.length > 1 ? el('p', {class: 'chart-title', text: `${run.title} (${run.cluster})`}) : null,
    drawing(label(run), at => at.append(picture(run)))));
  const rows = used.flatMap(run => run.links.map(link => ({run, ...link})));
  return figure('links', 'How full the links are', finding, [
    el('div', {class: 'kept'}, drawing('Colours: light is empty, dark is full.', at => at.append(scale()))),
    el('div', {class: runs.length > 1 ? 'many' : 'kept'}, ...drawings),
  ], [
    numbers('links', 'The numbers', [
      {name: 'scenario', key: r => r.run.title}, {name: 'links', key: r => r.link}, {name: 'tier', key: r => r.tier},
      {name: 'how many', key: r => r.links, show: whole}, {name: 'bytes', key: r => r.bytes, show: bytes},
      {name: 'achieved bytes/s each', key: r => r.achieved_bytes_per_s ?? null, show: rate, number: true},
      {name: 'full over the step', key: r => r.utilisation, show: percent},
      {name: 'while in use', key: r => r.while_busy ?? null, show: percent, number: true},
    ], rows),
  ], sources(runs, ['scale_up', 'nics', 'fabric', 'sites']));
}
