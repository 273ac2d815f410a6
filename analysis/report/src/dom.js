// Elements from text: whatever a name holds stays text. Tables, CSV, figures.

/** `attributes`: text, class, on…, anything else as it is. */
export function el(tag, attributes = {}, ...children) {
  const out = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null) continue;
    if (name === 'text') out.textContent = value;
    else if (name.startsWith('on')) out.addEventListener(name.slice(2), value);
    else out.setAttribute(name, value);
  }
  out.append(...children.filter(child => child !== null && child !== undefined));
  return out;
}
const space = 'http://www.w3.org/2000/svg';
export function svg(tag, attributes = {}, ...children) {
  const out = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes))
    if (name === 'text') out.textContent = value;
    else out.setAttribute(name, value);
  out.append(...children);
  return out;
}

/** A column: {name, key: row → value, show: value → text}. Numbers keep their full value in data-value. */
function cell(column, row) {
  const value = column.key(row);
  const number = typeof value === 'number';
  const missing = value === null || value === undefined;
  const text = missing ? '–' : column.show ? column.show(value, row) : String(value);
  return el('td', {class: number || column.number ? 'number' : column.wide ? 'wide' : undefined, 'data-value': number ? String(value) : undefined, text});
}
export function table(columns, rows, label) {
  return el('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `table: ${label}`},
    el('table', {},
      el('thead', {}, el('tr', {}, ...columns.map(c =>
        el('th', {scope: 'col', text: c.name, class: c.number || (rows.length && typeof c.key(rows[0]) === 'number') ? 'number' : undefined})))),
      el('tbody', {}, ...rows.map(row => el('tr', {}, ...columns.map(c => cell(c, row)))))));
}

/** A field that a spreadsheet would run as a formula is marked as text. */
function field(value) {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
export const csv = (columns, rows) =>
  [columns.map(c => field(c.name)), ...rows.map(row => columns.map(c => field(c.key(row))))].map(l => l.join(',')).join('\n') + '\n';

function download(name, text) {
  const at = URL.createObjectURL(new Blob([text], {type: 'text/csv'}));
  const link = el('a', {href: at, download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(at), 10000);
}

/** The numbers behind a figure: closed until asked for, open in print. */
export function numbers(name, title, columns, rows) {
  return el('details', {class: 'numbers'},
    el('summary', {text: `${title} (table, CSV)`}),
    el('button', {type: 'button', class: 'csv', text: `save ${name}.csv`, onclick: () => download(`${name}.csv`, csv(columns, rows))}),
    table(columns, rows, title));
}

/** A figure: heading, what it says, its drawings, tables, where its inputs come from. */
export function figure(id, heading, finding, drawings, tables = [], notes = []) {
  const caption = el('figcaption', {}, ...[finding].flat().map(text => el('p', {text})));
  return el('figure', {id, class: 'figure'}, el('h2', {text: heading}), caption, ...drawings, ...tables, ...notes);
}
export const footnote = text => el('p', {class: 'footnote', text});

/** Where an element to draw in stands; drawn once it is in the page and its width is known. */
export function drawing(label, draw) {
  const out = el('div', {class: 'chart drawing', role: 'img', 'aria-label': label});
  out.draw = draw;
  return out;
}
