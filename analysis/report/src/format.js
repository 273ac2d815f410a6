// Numbers as a person reads them. What is no number is a dash.
const known = x => typeof x === 'number' && Number.isFinite(x);

/** With thousands separators: 16384 → "16,384". */
export function grouped(text) {
  const [whole, part] = String(text).split('.');
  const apart = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return part === undefined ? apart : `${apart}.${part}`;
}
/** So many significant digits, never with an exponent between 1e-4 and 1e15. */
export function significant(x, digits = 4) {
  if (!known(x)) return '–';
  if (x === 0) return '0';
  const size = Math.floor(Math.log10(Math.abs(x)));
  if (size < -4 || size > 15) return x.toExponential(digits - 1);
  return grouped(x.toFixed(Math.max(0, digits - 1 - size)));
}
export const percent = x => known(x) ? `${(100 * x).toFixed(1).replace(/^-0\.0$/, '0.0')}\u00a0%` : '–';
export const signed = x => known(x) ? `${x > 0 ? '+' : x < 0 ? '−' : '±'}${(100 * Math.abs(x)).toFixed(1)}\u00a0%` : '–';
export const whole = x => known(x) ? grouped(Math.round(x)) : '–';
export const times = x => known(x) ? `${significant(x, 3)} times` : '–';
export function seconds(x) {
  if (!known(x)) return '–';
  if (x !== 0 && Math.abs(x) < 1e-3) return `${significant(x * 1e6, 4)}\u00a0µs`;
  if (x !== 0 && Math.abs(x) < 1) return `${significant(x * 1e3, 4)}\u00a0ms`;
  return `${significant(x, 4)}\u00a0s`;
}
const gib = 1024 ** 3;
export const gibibytes = x => known(x) ? x / gib : null;
export const in_gib = x => known(x) ? `${(x / gib).toFixed(1)}\u00a0GiB` : '–';
export function bytes(x) {
  if (!known(x)) return '–';
  for (const [unit, size] of [['PB', 1e15], ['TB', 1e12], ['GB', 1e9], ['MB', 1e6], ['kB', 1e3]])
    if (x >= size) return `${significant(x / size, 4)}\u00a0${unit}`;
  return `${x}\u00a0B`;
}
/** A message's size: powers of two as such. */
export function message(x) {
  for (const [unit, size] of [['GiB', 2 ** 30], ['MiB', 2 ** 20], ['KiB', 2 ** 10]])
    if (x >= size && Number.isInteger(x / size)) return `${x / size}\u00a0${unit}`;
  return bytes(x);
}
export const rate = x => known(x) ? `${significant(x / 1e9, 4)}\u00a0GB/s` : '–';
/** "a, b and c" */
export const listed = items => items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
export const plural = (n, one, more) => `${grouped(n)} ${n === 1 ? one : more}`;
/** For axes: "200.0 MB" → "200 MB". */
export const short = format => x => format(x).replace(/(\.\d*?)0+(?!\d)/, '$1').replace(/\.(?!\d)/, '');
