import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, runPackage, SetupError } from './project.mjs';

const REPORTER = join(ROOT, 'tools/setup/count-reporter.mjs');

/** Runs nx; its daemon is off, so that nothing is left running. */
export function runNx(args, options = {}) {
  return runPackage('nx', args, { ...options, env: { NX_DAEMON: 'false', NX_TUI: 'false', ...options.env } });
}

/**
 * Runs the tests of projects with nx, always anew, and counts them.
 *
 * @param {{ projects?: readonly string[], files?: readonly string[], env?: NodeJS.ProcessEnv }} [options] default: all
 * projects, all their test files
 * @returns {Promise<{ passed: number, failed: number, skipped: number }>} a project that did not get to run its
 * tests counts as one failure
 */
export async function runTests({ projects, files = [], env = {} } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'repoformer-tests-'));
  try {
    const names = projects ?? (await projectsWithTests());
    const { code } = await runNx(
      [
        ...[
          'run-many',
          '-t',
          'test',
          '--projects',
          names.join(','),
          '--skip-nx-cache',
          '--output-style=stream',
        ],
        ...['--', '--run', '--reporter=default', `--reporter=${REPORTER}`, ...files],
      ],
      { env: { ...env, REPOFORMER_TEST_COUNTS: folder } },
    );
    const total = { passed: 0, failed: 0, skipped: 0 };
    const reports = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
    for (const report of reports) for (const key of Object.keys(total)) total[key] += report[key];
    total.failed += Math.max(0, names.length - reports.length);
    if (code !== 0 && total.failed === 0) total.failed = 1;
    return total;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function projectsWithTests() {
  const { code, stdout } = await runNx(['show', 'projects', '--with-target', 'test', '--json'], {
    capture: true,
  });
  if (code !== 0) throw new SetupError('nx cannot tell the projects; what it said is above');
  return JSON.parse(stdout.slice(stdout.indexOf('[')));
}

/** Prints the closing line, which tools may look for, and says by the exit code whether all is well. */
export function conclude({ passed, failed, skipped }) {
  if (skipped > 0) console.log(`${skipped} skipped; each says why above.`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
