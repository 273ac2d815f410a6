// page.html + style.css + src/ → the page without data, as a C++ string: node build.mjs OUT.cpp (and OUT.html, to look
// at). CMake runs it in the build directory. The page's policy allows exactly this script and this style, by hashes.
import {createHash} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';
import {build} from 'esbuild';

const hash = text => `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;
const bundled = await build({
  entryPoints: ['src/main.js'], bundle: true, minify: true, write: false, format: 'iife', target: 'es2020',
  charset: 'ascii', legalComments: 'none', logLevel: 'warning',
});
const script = bundled.outputFiles[0].text.replaceAll('</script', '<\\/script').trimEnd();
const style = readFileSync('style.css', 'utf8').trimEnd();
const fill = {
  POLICY: `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; base-uri 'none'; form-action 'none'`,
  STYLE: style,
  SCRIPT: script,
};
const page = readFileSync('page.html', 'utf8').replace(/\{\{([A-Z]+)\}\}/g, (whole, name) => fill[name] ?? whole);
const end = 'WEFT_PAGE';
if (page.includes(`)${end}"`)) throw new Error(`the page holds )${end}", which ends the string`);
writeFileSync(process.argv[2], `#include "analysis/report.hpp"\n
const std::string_view weft::analysis::report_template = R"${end}(${page})${end}";\n`);
writeFileSync(process.argv[2].replace(/\.cpp$/, '.html'), page);
