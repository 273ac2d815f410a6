// The top of the default comparison's report as a picture: node picture.mjs PAGE.html OUT.png
import {launch, open} from './browser.mjs';

const [, , file, out] = process.argv;
const browser = await launch();
const {page} = await open(browser, file);
await page.setViewportSize({width: 1040, height: 900});
await page.waitForFunction(() => document.querySelector('#where svg').getBoundingClientRect().width < 1010);
const below = await page.evaluate(() => {
  document.querySelectorAll('header .about, header .scroll, header nav, figcaption, details, .footnote').forEach(e => e.remove()); // what is read, not seen
  return document.querySelector('#tax .drawing').getBoundingClientRect().bottom + scrollY;
});
await page.screenshot({path: out, fullPage: true, clip: {x: 0, y: 0, width: 1040, height: Math.ceil(below) + 12}});
await browser.close();
