// Colours that differ for colour-blind readers too (blue against orange against grey, light against dark), after the
// set of Okabe and Ito. What they say also stands beside them in words.
export const ink = '#1b1f24', soft = '#57606a', line = '#d0d7de';
export const blue = '#0072b2', orange = '#d55e00', grey = '#8c8c8c', sky = '#56b4e9', green = '#009e73';

export const dimension = {
  tp: '#d55e00', ep: '#8f3d00', cp: '#cc79a7', pp: '#e69f00', dp: '#f5cf70', wan: '#7a2a55', other: '#e8b9a0',
};
export const entry = {
  'useful': '#0b3d70', 'below peak': '#2f7ebc', 'memory-bound': '#7cb5df', 'recomputation': '#009e73',
  'host': '#a8d5c5', 'optimizer': '#5d8f7b', 'overlap slowdown': '#c9def0', 'bubble': '#757575', 'imbalance': '#c4c4c4',
};
export const colour_of_entry = name => entry[name] ?? dimension[name] ?? '#444444';

const tiers = ['#5e3c99', '#b2abd2', '#e66101', '#fdb863', '#4d4d4d', '#bababa'];
export const tier = i => tiers[i % tiers.length];
const memory = {weights: '#0b3d70', gradients: '#2f7ebc', optimizer: '#7cb5df', activations: '#e69f00', workspace: '#bdbdbd'};
export const of_memory = name => memory[name];

/** For series in a row; shapes go with them. */
export const series = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#8f3d00', '#e69f00', '#4d4d4d'];
export const shapes = ['circle', 'rect', 'triangle', 'diamond', 'roundRect', 'pin', 'arrow', 'emptyCircle'];

/** 0 … 1: light to dark, equally steep for every eye (points of cividis, turned round). */
const steps = [[253, 234, 69], [203, 186, 105], [148, 142, 119], [102, 105, 112], [53, 69, 108], [0, 32, 81]];
export function heat(x) {
  const at = Math.min(1, Math.max(0, x)) * (steps.length - 1), i = Math.min(steps.length - 2, Math.floor(at));
  const mix = k => Math.round(steps[i][k] + (steps[i + 1][k] - steps[i][k]) * (at - i));
  return `rgb(${mix(0)},${mix(1)},${mix(2)})`;
}
/** Dark text on light, light on dark. */
export function on(colour) {
  const c = colour[0] === '#' ? [1, 3, 5].map(i => parseInt(colour.slice(i, i + 2), 16)) : colour.match(/\d+/g).map(Number);
  return 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2] > 135 ? ink : '#ffffff';
}
