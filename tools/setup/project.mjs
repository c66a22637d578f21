import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** The project's root. Nothing here may depend on an installed package: this runs before `npm ci`. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const CLI = join(ROOT, 'apps/cli/bin/repoformer.mjs');

/** Something that keeps a script from going on, in words for the person at the terminal. */
export class SetupError extends Error {
  /**
   * @param {string} message
   * @param {number} [exitCode] default 1
   */
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

const colour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;

/** Announces a step. */
export function heading(text) {
  console.log(colour ? `\n\u001b[1m${text}\u001b[0m` : `\n${text}`);
}

let interruptedBy;
let running;

/**
 * Runs a program to its end. Arguments are passed as they are, without a shell, so that spaces in paths do not
 * matter. Ctrl-C ends the program and then this script.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string, capture?: boolean, quiet?: boolean }} [options] `capture`:
 * collect what it writes to standard output instead of showing it; `quiet`: drop what it writes to standard error.
 * @returns {Promise<{ code: number, stdout: string }>}
 */
export function run(file, args, { env = {}, cwd = ROOT, capture = false, quiet = false } = {}) {
  return new Promise((done, fail) => {
    let stdout = '';
    const child = spawn(file, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['inherit', capture ? 'pipe' : 'inherit', quiet ? 'ignore' : 'inherit'],
      windowsHide: true,
    });
    running = child;
    child.stdout?.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.once('error', (error) => fail(new SetupError(`${file} cannot be run: ${error.message}`)));
    child.once('close', (code, signal) => {
      running = undefined;
      if (interruptedBy !== undefined)
        return fail(new SetupError('stopped', 128 + constants.signals[interruptedBy]));
      done({ code: code ?? 128 + (constants.signals[signal ?? 'SIGKILL'] ?? 0), stdout });
    });
  });
}

/** Runs a JavaScript program with this Node. */
export function runNode(script, args, options) {
  return run(process.execPath, [script, ...args], options);
}

/** Runs npm: the one that runs this script, where there is one. */
export function runNpm(args, options) {
  const npm = process.env['npm_execpath'];
  if (npm !== undefined && /\.c?js$/.test(npm) && existsSync(npm)) return runNode(npm, args, options);
  const beside = join(dirname(process.execPath), 'node_modules/npm/bin/npm-cli.js');
  if (existsSync(beside)) return runNode(beside, args, options);
  return run('npm', args, options);
}

/**
 * Runs the program of an installed package, by default the one of its own name. (`npx` would need a shell on
 * Windows.)
 */
export function runPackage(name, args, { program = name.split('/').at(-1), ...options } = {}) {
  const folder = join(ROOT, 'node_modules', name);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return runNode(join(folder, typeof bin === 'string' ? bin : bin[program]), args, options);
}

/** Runs `repoformer`. */
export function runCli(args, options) {
  return runNode(CLI, args, options);
}

/** Runs a script's main function: one line for what a person can mend, a trace for what is a defect. */
export async function main(body) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal signals the child as well; a script or a CI system signals only us.
      if (running !== undefined && (interruptedBy !== undefined || !process.stdin.isTTY))
        running.kill(signal);
      interruptedBy = signal;
      if (running === undefined) process.exit(128 + constants.signals[signal]);
    });
  }
  try {
    process.exitCode = (await body()) ?? 0;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.exitCode > 128 ? `\n${error.message}` : `\nerror: ${error.message}`);
    process.exitCode = error.exitCode;
  }
}
