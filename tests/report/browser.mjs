// A page in Debian's chromium, with what it complained of and what it asked the network for.
import {mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {chromium} from 'playwright-core';

export const launch = () => chromium.launch({executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu']});
export const folder = () => mkdtempSync(join(tmpdir(), 'weft-report-'));

export async function open(browser, file) {
  const context = await browser.newContext({viewport: {width: 1200, height: 900}, acceptDownloads: true});
  const page = await context.newPage();
  const complaints = [], requests = [];
  page.on('console', message => { if (['error', 'warning'].includes(message.type())) complaints.push(message.text()); });
  page.on('pageerror', error => complaints.push(error.message));
  const own = pathToFileURL(file).href;
  page.on('request', request => { if (request.url() !== own) requests.push(request.url()); });
  page.on('dialog', dialog => { complaints.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  await page.goto(own);
  await page.waitForSelector('#report[data-drawn], .error');
  return {page, context, complaints, requests};
}

/** What stands on the page: shapes of every drawing, texts, and the full values of its tables. */
export const contents = page => page.evaluate(() => ({
  figures: [...document.querySelectorAll('figure')].map(figure => ({
    id: figure.id,
    heading: figure.querySelector('h2').textContent,
    caption: figure.querySelector('figcaption').textContent,
    drawings: [...figure.querySelectorAll('.drawing')].map(box => ({
      label: box.getAttribute('aria-label'), role: box.getAttribute('role'),
      shapes: box.querySelectorAll('svg path, svg rect, svg line, svg text, svg circle').length,
      wide: box.getBoundingClientRect().width,
    })),
    matrices: figure.querySelectorAll('table.matrix td').length,
    tables: [...figure.querySelectorAll('details.numbers table')].map(table => ({
      columns: [...table.querySelectorAll('thead th')].map(th => th.textContent),
      rows: [...table.querySelectorAll('tbody tr')].map(tr => [...tr.children].map(td => td.dataset.value === undefined ? td.textContent : Number(td.dataset.value))),
      shown: [...table.querySelectorAll('tbody tr')].map(tr => [...tr.children].map(td => td.textContent)),
    })),
  })),
  title: document.title, headline: document.querySelector('h1')?.textContent, quotes: [...document.querySelectorAll('.quote')].map(p => p.textContent),
  // Text that is wider than the page, and labels of drawings that stand outside of it.
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  cut: [...document.querySelectorAll('.drawing svg text')].filter(text => {
    const inside = text.closest('svg').getBoundingClientRect(), at = text.getBoundingClientRect();
    return at.width > 0 && (at.left < inside.left - 1 || at.right > inside.right + 1 || at.top < inside.top - 1 || at.bottom > inside.bottom + 1);
  }).map(text => text.textContent),
  overlapping: [...document.querySelectorAll('.drawing svg')].flatMap(svg => {
    const texts = [...svg.querySelectorAll('text')].map(t => ({t: t.textContent, at: t.getBoundingClientRect()})).filter(x => x.at.width > 0);
    const over = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
    return texts.flatMap((a, i) => texts.slice(i + 1).filter(b => over(a.at, b.at)).map(b => `${a.t} | ${b.t}`));
  }),
}));
