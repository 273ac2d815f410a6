// Do reports open without a complaint or a request, is every figure drawn, do tables hold the JSON's numbers, do hostile
// names stay text, does it print?
import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {mkdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {contents, folder, launch, open} from './browser.mjs';

const weft = process.argv[2], work = folder();
const at = name => join(work, name);
const json = (...args) => execFileSync(weft, [...args, '--format', 'json'], {encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'ignore']});
let passed = 0, failed = 0;
async function check(what, test) {
  try { await test(); ++passed; console.log(`ok      ${what}`); }
  catch (error) { ++failed; console.log(`FAILED  ${what}\n        ${String(error.message).split('\n').join('\n        ')}`); }
}

/** What holds of every page, whatever is on it. Returns its contents. */
async function sound(browser, file, least) {
  const {page, context, complaints, requests} = await open(browser, file);
  const found = await contents(page);
  assert.deepEqual(complaints, [], 'the console is empty');
  assert.deepEqual(requests, [], 'nothing is asked of the network');
  assert.ok(found.figures.length >= least, `${found.figures.length} figures, at least ${least} expected`);
  assert.ok(found.headline.length > 5 && found.quotes.every(q => q.length > 20 && !/undefined|NaN|null/.test(q)), `headline: ${found.quotes}`);
  for (const figure of found.figures) {
    assert.ok(figure.drawings.length + figure.matrices > 0, `${figure.id} has a drawing`);
    for (const box of figure.drawings) {
      assert.ok(box.shapes > 4 && box.wide > 100, `${figure.id} is drawn: ${box.shapes} shapes`);
      assert.ok(box.role === 'img' && box.label.length > 15, `${figure.id} says what it shows to who does not see it`);
    }
    assert.doesNotMatch(figure.caption, /undefined|NaN|null|Infinity/, `caption of ${figure.id}`);
    assert.ok(/\d/.test(figure.caption), `the caption of ${figure.id} has a number`);
    assert.ok(figure.tables.length > 0 && figure.tables.every(t => t.rows.length > 0), `${figure.id} has its numbers`);
  }
  assert.equal(found.overflow, 0, 'nothing is wider than the page');
  assert.deepEqual(found.cut, [], 'no label is cut');
  assert.deepEqual(found.overlapping, [], 'no label lies on another');
  const pages = (await page.pdf({preferCSSPageSize: true, printBackground: true})).toString('latin1').match(/\/Type\s*\/Page\b/g) ?? [];
  assert.ok(pages.length > 0, 'it prints');
  await context.close();
  return found;
}
const table = (found, id, column) => {
  const t = found.figures.find(f => f.id === id).tables[0], i = t.columns.indexOf(column);
  assert.ok(i >= 0, `${id} has a column ${column}: ${t.columns}`);
  return t.rows.map(row => row[i]);
};
const shown = (found, id, column) => {
  const t = found.figures.find(f => f.id === id).tables[0];
  return t.shown.map(row => row[t.columns.indexOf(column)]);
};
const percent = x => `${(100 * x).toFixed(1).replace(/^-0\.0$/, '0.0')}\u00a0%`;

const browser = await launch();
const run = (scenario, ...more) => json('run', scenario, ...more);

await check('the default comparison: figures, numbers, size', async () => {
  execFileSync(weft, ['compare', '--html', at('compare.html'), '--format', 'json'], {stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 26});
  const result = JSON.parse(json('compare'));
  assert.ok(statSync(at('compare.html')).size <= 1e6, `${statSync(at('compare.html')).size} bytes`);
  const found = await sound(browser, at('compare.html'), 4);
  const where = result.scenarios.flatMap(s => s.where);
  assert.deepEqual(table(found, 'where', 'seconds'), where.map(w => w.seconds));
  assert.deepEqual(table(found, 'where', 'share'), where.map(w => w.share));
  assert.deepEqual(shown(found, 'where', 'share'), where.map(w => percent(w.share)));
  const links = result.scenarios.flatMap(s => s.links);
  assert.deepEqual(table(found, 'links', 'bytes'), links.map(l => l.bytes));
  assert.deepEqual(table(found, 'links', 'full over the step'), links.map(l => l.utilisation));
  assert.deepEqual(table(found, 'memory', 'total (bytes)'), result.scenarios.flatMap(s => s.memory.stages.map(m => m.total)));
  const taxes = table(found, 'tax', 'share');
  for (const s of result.scenarios) {
    assert.ok(taxes.includes(s.tax.total), `tax of ${s.scenario}`);
    for (const part of s.tax.by_dimension) assert.ok(taxes.includes(part.share), `tax of ${part.dimension} of ${s.scenario}`);
    assert.ok(found.figures.find(f => f.id === 'tax').caption.includes(percent(s.tax.total)), 'the caption says the tax');
  }
});

await check('one run with samples and power', async () => {
  execFileSync(weft, ['run', 'korthikanti-22b', '--samples', '16', '--power', '--html', at('run.html')], {stdio: 'ignore'});
  const found = await sound(browser, at('run.html'), 5);
  assert.ok(found.figures.some(f => f.id.startsWith('bands')));
});

await check('a run of sixteen stages: its pipeline, in a page of less than 1 MB', async () => {
  const text = json('run', 'llama3-405b-16k', '--html', at('pipeline.html'));
  assert.ok(statSync(at('pipeline.html')).size < 1e6, `${statSync(at('pipeline.html')).size} bytes`);
  const found = await sound(browser, at('pipeline.html'), 5), {critical_path} = JSON.parse(text);
  assert.deepEqual(table(found, 'pipeline', 'on the critical path (s)'), critical_path.by_stage.map(s => s.seconds));
});

await check('swap', async () => {
  const text = json('compare', 'korthikanti-22b', 'korthikanti-22b', '--set', 'cluster.node.nics.bandwidth=25 GB/s', '--swap');
  writeFileSync(at('swap.json'), text);
  execFileSync(weft, ['report', at('swap.json'), '-o', at('swap.html')], {stdio: 'ignore'});
  const found = await sound(browser, at('swap.html'), 6), {swap} = JSON.parse(text);
  assert.deepEqual(table(found, 'swap', 'seconds'), [...swap.parts, swap.achieved_efficiencies].map(p => p.seconds));
  assert.deepEqual(table(found, 'corners', 'step (s)'), swap.corners.map(c => c.step_time_s));
});

await check('sensitivity', async () => {
  const text = json('sensitivity', 'korthikanti-22b');
  writeFileSync(at('sensitivity.json'), text);
  execFileSync(weft, ['report', at('sensitivity.json'), '-o', at('sensitivity.html')], {stdio: 'ignore'});
  const found = await sound(browser, at('sensitivity.html'), 2), result = JSON.parse(text);
  assert.deepEqual(table(found, 'sensitivity', 'step at half (s)'), result.knobs.map(k => k.halved?.step_time_s ?? '–'));
  assert.deepEqual(table(found, 'plans', 'step (s)').sort(), result.plan.map(p => p.step_time_s).sort());
});

await check('parity', async () => {
  const text = json('parity', '--reference', 'llama3-70b-8k', '--candidate', 'llama3-70b-16k-910c-cp2', '--accelerators', '1024');
  writeFileSync(at('parity.json'), text);
  execFileSync(weft, ['report', at('parity.json'), '-o', at('parity.html')], {stdio: 'ignore'});
  const found = await sound(browser, at('parity.html'), 1), result = JSON.parse(text);
  const values = table(found, 'parity', 'value');
  for (const side of [result.reference, ...result.candidates])
    for (const value of [side.accelerators, side.power.facility_mw.value, side.power.racks.value, side.power.usd_per_h.value])
      assert.ok(value === null || values.includes(value), `${side.accelerator}: ${value}`);
});

await check('validate', async () => {
  const text = json('validate', '--group', 'korthikanti22', '--group', 'llama3');
  writeFileSync(at('validate.json'), text);
  execFileSync(weft, ['report', at('validate.json'), '-o', at('validate.html')], {stdio: 'ignore'});
  const found = await sound(browser, at('validate.html'), 2), result = JSON.parse(text);
  assert.deepEqual(table(found, 'validate', 'predicted (s)'), result.runs.map(r => r.predicted_s ?? '–'));
  assert.deepEqual(table(found, 'validate', 'measured (s)'), result.runs.map(r => r.measured_s ?? '–'));
});

await check('collectives: one, and over sizes', async () => {
  const ask = (bytes, ...more) => json('collective', '--op', 'all-reduce', '--bytes', bytes, '--cluster', 'h100-superpod', '--ranks', '64', ...more);
  writeFileSync(at('one.json'), ask('1GiB', '--closed-form'));
  execFileSync(weft, ['report', at('one.json'), '-o', at('one.html')], {stdio: 'ignore'});
  await sound(browser, at('one.html'), 3);
  const files = ['64KiB', '16MiB', '1GiB'].map(size => { writeFileSync(at(`${size}.json`), ask(size)); return at(`${size}.json`); });
  execFileSync(weft, ['report', ...files, '-o', at('sizes.html')], {stdio: 'ignore'});
  const found = await sound(browser, at('sizes.html'), 1);
  assert.deepEqual(table(found, 'collective-sizes', 'time (s)'), files.map(f => JSON.parse(readFileSync(f)).time_s));
});

await check('runs over sizes and NIC bandwidths: heat map and scaling', async () => {
  const files = [], taxes = [];
  for (const n of [64, 128, 256])
    for (const rate of ['12.5 GB/s', '50 GB/s']) {
      const text = run('llama3-70b-8k', '--set', `cluster.accelerators=${n}`, '--set', `plan.dp=${n / 16}`, '--set', `cluster.node.nics.bandwidth=${rate}`, '--set', 'training.global_batch=256');
      files.push(at(`${n}-${files.length}.json`));
      writeFileSync(files.at(-1), text);
      taxes.push(JSON.parse(text).tax.total);
    }
  execFileSync(weft, ['report', ...files, '-o', at('sweep.html')], {stdio: 'ignore'});
  const found = await sound(browser, at('sweep.html'), 5);
  assert.deepEqual(table(found, 'heat-0', 'tax'), taxes);
  assert.equal(found.figures.filter(f => f.id === 'scale').length, 1);
});

await check('claims: verdicts and a matrix', async () => {
  const claims = {claims: [{number: 1, name: 'a claim', statement: 'x takes 30 to 50 %', source: 'somebody', assumptions: ['the batch is fixed'], readings: [
    {name: 'tax', metric: 'tax', unit: 'share', about: 'what it is', holds: {at_least: 0.3, at_most: 0.5}, yes: 1, no: 1, open: 1, without_value: 1, conditions: 'of MoE', cells: [
      {workload: 'moe', hardware: 'h100', accelerators: 1024, value: 0.4, low: 0.35, high: 0.45, verdict: 'yes', measured_runs: 3, best: {plan: 'p'}},
      {workload: 'moe', hardware: 'h100', accelerators: 4096, value: 0.2, verdict: 'no', measured_runs: 3, best: {plan: 'p'}},
      {workload: 'moe', hardware: '910c', accelerators: 1024, value: 0.3, low: 0.2, high: 0.4, verdict: 'open', measured_runs: 0, best: {plan: 'p'}},
      {workload: 'moe', hardware: '910c', accelerators: 4096, value: null, why: 'no plan fits', verdict: 'none', measured_runs: 0, best: {why: 'no plan fits'}}]}]}], version: '0'};
  writeFileSync(at('claims.json'), JSON.stringify(claims));
  execFileSync(weft, ['report', at('claims.json'), '-o', at('claims.html')], {stdio: 'ignore'});
  const found = await sound(browser, at('claims.html'), 2);
  assert.deepEqual(table(found, 'claim-1', 'value'), [0.4, 0.2, 0.3, '–']);
  const {page, context} = await open(browser, at('claims.html'));
  assert.deepEqual(await page.$$eval('table.matrix td', tds => tds.map(td => td.textContent.replaceAll('\u00a0', ' '))),
    ['40.0 % ✓35.0 % to 45.0 %', '20.0 % ✗', '30.0 % ?20.0 % to 40.0 %', '–']);
  await context.close();
});

await check('--html of every verb holds what --format json prints', async () => {
  mkdirSync(at('claims'));
  writeFileSync(at('claims/worlds.yaml'), `workloads:
  single:
    scenario: {model: llama3-8b, training: {sequence: 8192, precision: bf16}}
    batch: {8: 32}
    plans: [{tp: 8, microbatch: 1, schedule: 1f1b, zero: 1, recompute: auto}]
hardware:
  h100: {cluster: {name: h100-meta-24k-roce}, stack: megatron-te-2026-fused}
  h800: {cluster: {name: h800-meta-24k-roce}, stack: megatron-te-2026-fused}
`);
  writeFileSync(at('claims/1.yaml'), `number: 1
name: small
statement: it is so
source: one
assumptions: [none]
readings: [{name: first, metric: tax, workloads: [single], hardware: [h100, h800], accelerators: [16], holds: {at_least: 0.1}}]
`);
  const asked = [
    ['run', 'korthikanti-22b', '--explain'], ['sensitivity', 'korthikanti-22b'], ['compare', 'korthikanti-22b', 'korthikanti-175b'],
    ['compare', 'korthikanti-22b', 'korthikanti-22b', '--swap'], ['claims', '--claims-folder', at('claims')],
    ['collective', '--op', 'all-to-all', '--bytes', '1MiB', '--cluster', 'h100-superpod', '--ranks', '16'],
    ['validate', '--group', 'llama3'], ['parity', '--reference', 'korthikanti-22b', '--candidate', 'korthikanti-22b'],
  ];
  for (const [i, words] of asked.entries()) {
    const file = at(`verb-${i}.html`);
    const {status, stdout, stderr} = spawnSync(weft, [...words, '--format', 'json', '--html', file], {encoding: 'utf8', maxBuffer: 1 << 26});
    assert.equal(status, 0, `${words}: ${stderr}`);
    const blocks = [...readFileSync(file, 'utf8').matchAll(/<script type="application\/json">(.*?)<\/script>/g)].map(m => JSON.parse(m[1]));
    assert.equal(blocks.length, 2);
    assert.ok(blocks[0].command.startsWith(`weft ${words[0]} `), blocks[0].command);
    const printed = JSON.parse(stdout);
    for (const r of printed.runs ?? []) for (const key of ['where', 'choices', 'combinations']) delete r[key];
    for (const r of (printed.claims ?? []).flatMap(c => c.readings)) for (const cell of r.cells) delete cell.compared;
    assert.deepEqual(blocks[1], printed, words.join(' '));
    const {context, complaints, requests} = await open(browser, file);
    assert.deepEqual([complaints, requests], [[], []], words.join(' '));
    await context.close();
  }
});

await check('many runs, alike runs, runs without a tax, parts below zero, two sites', async () => {
  const write = (name, value) => { writeFileSync(at(name), typeof value === 'string' ? value : JSON.stringify(value)); return at(name); };
  const one = JSON.parse(run('korthikanti-22b', '--explain')), taken = structuredClone(one);
  taken.tax.by_dimension[0].share = -0.02;
  taken.tax.by_dimension[0].seconds = -0.02 * taken.step_time_s;
  const many = Array.from({length: 14}, (_, i) => write(`many-${i}.json`, {...one, accelerators: 8 * (i + 1)}));
  const figure = value => `{value: ${value}, source: a test, evidence: assumed}`;
  const sites = run('llama3-70b-8k', '--explain', '--set', 'cluster.accelerators=6144', '--set', 'plan.dp=384', '--set', 'training.global_batch=3072',
    '--set', `cluster.sites={accelerators: 3072, bandwidth: ${figure('10 Tbit/s')}, kilometres: ${figure('100')}, efficiency: ${figure('0.9')}}`);
  for (const [name, files, least] of [['alike', [write('one.json', one), at('one.json')], 4], ['below', [write('below.json', taken)], 4], ['many', many, 1],
      ['no-tax', [write('no-tax.json', run('korthikanti-22b', '--no-tax'))], 3], ['sites', [write('sites.json', sites)], 4]]) {
    execFileSync(weft, ['report', ...files, '-o', at(`${name}.html`), '--force'], {stdio: 'ignore'});
    await sound(browser, at(`${name}.html`), least);
  }
});

const hostile = ['</script><script>document.title="owned"</script>', '<img src=x onerror=alert(1)>', '"\'`${alert(1)}', ']]>--><!--', 'a\u2028b\u2029c'];
const base = JSON.parse(run('korthikanti-22b', '--explain'));
for (const [i, name] of hostile.entries())
  await check(`a hostile name stays text: ${JSON.stringify(name)}`, async () => {
    const one = structuredClone(base), two = structuredClone(base);
    one.scenario = name; // as a scenario, as a model and cluster, as a source
    two.scenario = 'other';
    two.model = two.cluster = two.accelerator = name;
    two.evidence[0].source = two.evidence[0].figure = name;
    two.links[0].tier = two.links[0].link = name;
    const claim = {claims: [{number: 1, name, statement: name, source: name, assumptions: [name], readings: [{name, metric: 'tax', unit: 'share', about: name, holds: {at_least: 0.3}, yes: 1, no: 0, open: 0, without_value: 0, conditions: name,
      cells: [{workload: name, hardware: name, accelerators: 8, value: 0.4, verdict: 'yes', measured_runs: 0, best: {plan: name}}]}]}], version: '0'};
    const files = [one, two, claim].map((value, k) => { writeFileSync(at(`hostile-${i}-${k}.json`), JSON.stringify(value)); return at(`hostile-${i}-${k}.json`); });
    execFileSync(weft, ['report', ...files, '-o', at(`hostile-${i}.html`)], {stdio: 'ignore'});
    const raw = readFileSync(at(`hostile-${i}.html`), 'utf8');
    assert.equal(raw.split('<script').length, 1 + 4 + 1, 'no script but four blocks of data and the page\'s own');
    assert.ok(!/[\u2028\u2029]/.test(raw));
    const {page, context, complaints, requests} = await open(browser, at(`hostile-${i}.html`));
    assert.deepEqual([complaints, requests], [[], []]);
    const seen = await page.evaluate(() => ({title: document.title, scripts: document.querySelectorAll('main script, main img, main iframe').length, text: document.querySelector('main').textContent}));
    assert.ok(!seen.title.startsWith('owned') && seen.scripts === 0);
    assert.ok(seen.text.split(name).length > 5, 'it is shown as it is');
    await context.close();
  });

await check('CSV holds full numbers and no formulas', async () => {
  const one = structuredClone(base);
  one.scenario = '=1+1';
  writeFileSync(at('csv.json'), JSON.stringify(one));
  execFileSync(weft, ['report', at('csv.json'), '-o', at('csv.html')], {stdio: 'ignore'});
  const {page, context} = await open(browser, at('csv.html'));
  await page.click('#where summary');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#where button.csv')]);
  const lines = readFileSync(await download.path(), 'utf8').trim().split('\n');
  assert.equal(lines[1], `'=1+1,useful,${base.where[0].seconds},${base.where[0].share},${base.where[0].network_made_s}`);
  assert.equal(lines.length, 1 + base.where.length);
  await context.close();
});

await check('the keyboard opens tables, a narrow window draws anew', async () => {
  const {page, context} = await open(browser, at('compare.html'));
  await page.focus('#where summary');
  await page.keyboard.press('Enter');
  assert.ok(await page.$eval('#where details', d => d.open));
  await page.setViewportSize({width: 700, height: 900});
  await page.waitForFunction(() => document.querySelector('#where svg').getBoundingClientRect().width < 700);
  await context.close();
});

await check('what is no result is refused, by name, and nothing is written', async () => {
  writeFileSync(at('bad.json'), '{"a": 1}');
  writeFileSync(at('cut.json'), '{"claims": [');
  writeFileSync(at('deep.json'), '['.repeat(5000) + ']'.repeat(5000));
  for (const [file, says] of [['bad.json', 'no result'], ['cut.json', 'parse error'], ['deep.json', 'nested deeper'], ['none.json', 'No such file']]) {
    const {status, stderr, stdout} = spawnSync(weft, ['report', at(file), '-o', at('never.html')], {encoding: 'utf8'});
    assert.equal(status, 2);
    assert.ok(stderr.includes(file) && stderr.includes(says), stderr);
    assert.equal(stdout, '');
    assert.throws(() => statSync(at('never.html')));
  }
  assert.equal(spawnSync(weft, ['report', at('one.json'), '-o', at('compare.html')]).status, 2, 'an existing file is not replaced');
  assert.equal(spawnSync(weft, ['report', at('one.json'), '-o', at('compare.html'), '--force']).status, 0);
});

await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
