// The top of the page: what a person would quote, what was asked, and what to be careful of.
import {el} from './dom.js';
import {glance} from './glance.js';
import {quotes} from './quotes.js';

export function header(results, figures) {
  const {title, sentences, caveats} = quotes(results);
  const about = el('dl', {class: 'about'});
  const say = (name, ...what) => about.append(el('dt', {text: name}), el('dd', {}, ...what));
  if (results.about.command) say('Asked', el('code', {text: results.about.command}));
  const hashes = [...new Set(results.runs.map(r => r.inputs_hash).filter(Boolean))];
  if (hashes.length) say(hashes.length > 1 ? 'Hashes of inputs' : 'Hash of inputs', el('code', {text: hashes.slice(0, 12).join(' ') + (hashes.length > 12 ? ` and ${hashes.length - 12} more` : '')}));
  if (results.about.version) say('Weft', `version ${results.about.version}`);
  if (caveats.length) say('How sure', ...caveats.map(text => el('p', {text})));
  return el('header', {class: 'header'},
    el('h1', {text: title}),
    ...sentences.map(text => el('p', {class: 'quote', text})),
    about,
    glance(results.runs),
    figures.length > 1 ? el('nav', {'aria-label': 'figures'}, ...figures.map(f => el('a', {href: `#${f.id}`, text: f.querySelector('h2').textContent}))) : null);
}
