/** `npm test`: everything a change must pass, on a machine that has only Node, git and what `npm ci` brings. */
import { build } from './build.mjs';
import { addBackends, missingBasicPackage } from './backend-packages.mjs';
import { ensureInstalled } from './install.mjs';
import { heading, main, runPackage } from './project.mjs';
import { generatedCodeIsFresh } from './generated-code.mjs';
import { conclude, runNx, runTests } from './run-tests.mjs';

/** Each check: what it is called, and whether it passed. */
const CHECKS = [
  ['Project references (nx sync:check)', () => succeeds(runNx(['sync:check']))],
  ['Lint (eslint)', lint],
  ['Format (prettier --check)', () => succeeds(runPackage('prettier', ['--check', '.']))],
  ['The API contract (buf lint)', () => succeeds(buf(['lint']))],
  [
    'No breaking change (buf breaking)',
    () => succeeds(buf(['breaking', '--against', 'proto/released.binpb'])),
  ],
  ['Generated code is fresh (buf generate)', generatedCodeIsFresh],
];

await main(async () => {
  await ensureInstalled();
  const basic = missingBasicPackage();
  if (basic !== undefined) await addBackends([basic]);
  await build();
  const broken = [];
  for (const [name, check] of CHECKS) {
    heading(name);
    if (!(await check())) broken.push(name);
  }
  heading('Tests (vitest, by nx)');
  const counts = await runTests();
  if (broken.length > 0) console.log(`\nThese checks failed: ${broken.join('; ')}.`);
  console.log();
  const exitCode = conclude({ ...counts, failed: counts.failed + broken.length });
  return exitCode;
});

async function lint() {
  const projects = await succeeds(runNx(['run-many', '-t', 'lint', '--output-style=stream']));
  // What belongs to no project.
  const scripts = await succeeds(runPackage('eslint', ['tools/setup']));
  return projects && scripts;
}

function buf(args) {
  return runPackage('@bufbuild/buf', args);
}

async function succeeds(outcome) {
  return (await outcome).code === 0;
}
