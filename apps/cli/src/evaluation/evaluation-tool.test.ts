import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@repoformer/domain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CliContext } from '../cli-context.js';
import { createOutput } from '../command.js';
import { ToolFailure } from '../exit-code.js';
import type { Host } from '../host.js';
import { TestBench } from '../testing/test-host.js';
import { evaluationArguments } from './evaluation-arguments.js';
import { findEvaluationTool, runEvaluationTool } from './evaluation-tool.js';

let bench: TestBench;
beforeEach(() => {
  bench = new TestBench();
});
afterEach(() => bench.remove());

const hostOf = (extra: Partial<Host> = {}): Host =>
  ({
    env: { HOME: bench.home, PATH: process.env['PATH'] },
    cwd: bench.work,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: new AbortController().signal,
    ...extra,
  }) as Host;

const interruption = (exitCode: string): AppError =>
  new AppError({ kind: 'cancelled', reason: 'CANCELLED', message: 'interrupted', meta: { exitCode } });

/** A program in place of the tool. */
function script(body: string): string {
  const path = join(bench.directory, 'tool.mjs');
  writeFileSync(path, `import { writeFileSync } from 'node:fs';\n${body}`);
  return path;
}

const failureOf = (running: Promise<void>): Promise<unknown> =>
  running.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('the evaluation tool', () => {
  it('is found by its package, or it is said how to get it', () => {
    expect(existsSync(findEvaluationTool())).toBe(true);
    expect(() => findEvaluationTool('@repoformer/not-installed')).toThrow(/not installed .*"npm run build"/);
  });

  it('runs where we are, with our environment and the arguments as they are', async () => {
    const executable = script(
      `writeFileSync('seen.json', JSON.stringify([process.argv.slice(2), process.env.HOME]));`,
    );
    await runEvaluationTool(['own', '--', 'a b', '$HOME'], hostOf(), { executable });
    const seen = JSON.parse(readFileSync(join(bench.work, 'seen.json'), 'utf8')) as unknown;
    expect(seen).toEqual([['own', '--', 'a b', '$HOME'], bench.home]);
  });

  it.each([
    ['process.exitCode = 2;', 2],
    ['process.exitCode = 1;', 1],
    ["process.kill(process.pid, 'SIGKILL');", 137],
  ])('passes its exit status on: %s', async (body, exitCode) => {
    const failure = await failureOf(runEvaluationTool([], hostOf(), { executable: script(body) }));
    expect(failure).toBeInstanceOf(ToolFailure);
    expect(failure).toMatchObject({ exitCode });
  });

  const LISTENS = `
    process.once('SIGINT', () => { writeFileSync('got', 'SIGINT'); clearInterval(alive); });
    process.once('SIGTERM', () => { writeFileSync('got', 'SIGTERM'); clearInterval(alive); });
    const alive = setInterval(() => {}, 1000);
    writeFileSync('ready', '');`;

  it.each([
    ['130', 'SIGINT', false],
    ['143', 'SIGTERM', false],
    ['143', 'SIGTERM', true],
  ])('is told of an interruption (%s, as %s), and may end well', async (exitCode, signal, sharesTerminal) => {
    const controller = new AbortController();
    const running = runEvaluationTool([], hostOf({ signal: controller.signal }), {
      executable: script(LISTENS),
      sharesTerminal,
    });
    while (!existsSync(join(bench.work, 'ready'))) await delay(5);
    controller.abort(interruption(exitCode));
    await running;
    expect(readFileSync(join(bench.work, 'got'), 'utf8')).toBe(signal);
  });

  it('is not told twice of a Ctrl-C that its terminal has told it of', async () => {
    const controller = new AbortController();
    const running = runEvaluationTool([], hostOf({ signal: controller.signal }), {
      executable: script(`${LISTENS}\nsetTimeout(() => clearInterval(alive), 300);`),
      sharesTerminal: true,
    });
    while (!existsSync(join(bench.work, 'ready'))) await delay(5);
    controller.abort(interruption('130'));
    await running;
    expect(existsSync(join(bench.work, 'got'))).toBe(false);
  });
});

describe('its arguments', () => {
  const argumentsOf = (options: Record<string, unknown>, name: 'own' | 'tune' = 'own', path = '.') => {
    const host = hostOf();
    return evaluationArguments(new CliContext(host, createOutput(host, options), options), name, path);
  };

  it('are the options as they are resolved here', () => {
    const modelsDir = join(bench.home, '.local/share/repoformer/models');
    expect(argumentsOf({}, 'own', 'sub')).toEqual([
      'own',
      ...['--model', 'default', '--models-dir', modelsDir, '--eagerness', 'balanced', '--threads', '0'],
      ...['--', join(bench.work, 'sub')],
    ]);
  });

  it('name files from where we are, and pass on what was given', () => {
    const options = {
      ...{ model: './m.gguf', modelsDir: 'models', policyFile: 'p.json', eagerness: 'eager' },
      ...{ holes: '12', threads: '1', out: 'page', json: true },
    };
    expect(argumentsOf(options, 'tune', '-dash')).toEqual([
      'tune',
      ...['--model', join(bench.work, 'm.gguf'), '--models-dir', join(bench.work, 'models')],
      ...['--eagerness', 'eager', '--threads', '1', '--policy', join(bench.work, 'p.json')],
      ...['--holes', '12', '--out', join(bench.work, 'page'), '--json', '--quiet'],
      ...['--', join(bench.work, '-dash')],
    ]);
  });
});

it.each(['report', 'tune'])('%s refuses options that cannot be, before anything runs', async (name) => {
  expect(await bench.run([name, '--holes', '0'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('It must be a whole number of 1 or more'),
  });
  expect(await bench.run([name, '--eagerness', 'greedy'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('eagerness'),
  });
});
