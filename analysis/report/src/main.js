// The page: a headline, then a figure for all that its results can show.
import {draw_all} from './chart.js';
import {el} from './dom.js';
import {all_sources} from './evidence.js';
import {evidence_of} from './figures/collective.js';
import {header} from './header.js';
import {read_results} from './results.js';
import {figures_of} from './figures.js';

function fill(root) {
  const results = read_results(document);
  const figures = figures_of(results);
  root.append(header(results, figures), ...figures, ...all_sources([...results.runs, ...evidence_of(results.of('collective'))]));
  document.title = `Weft report: ${root.querySelector('h1').textContent}`;
  draw_all(root);
}

// Print shows what is behind the figures too; on paper nothing can be opened.
function open_for_print() {
  const opened = [];
  const open = () => document.querySelectorAll('details:not([open])').forEach(d => { d.open = true; opened.push(d); });
  window.addEventListener('beforeprint', open);
  window.addEventListener('afterprint', () => { for (const d of opened.splice(0)) d.open = false; });
}

const root = document.getElementById('report');
try {
  fill(root);
  open_for_print();
  root.setAttribute('data-drawn', 'yes');
} catch (error) {
  root.append(el('p', {class: 'error', role: 'alert', text: `The report could not be drawn: ${error.message}`}));
  throw error;
}
