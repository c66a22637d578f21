import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { ROOT, SetupError } from './project.mjs';

/** For any one program; they take seconds. */
const TIMEOUT_MS = 300_000;

const running = new Set();

export function killAll() {
  for (const child of running) child.kill('SIGKILL');
}

/** Runs a step and prints what came of it, and how long it took. @returns the first of what it returns */
export async function step(name, body) {
  const startedAt = performance.now();
  const [result, summary, ...details] = await body();
  console.log(`${name.padEnd(8)}${seconds(startedAt).padStart(8)}   ${summary}`);
  for (const detail of details) console.log(`${' '.repeat(19)}${detail}`);
  return result;
}

/** Starts a script whose output is shown only if it fails. */
export function start(script, args, env) {
  return startProgram(process.execPath, [script, ...args], env);
}

/** The same of any program. */
export function startProgram(file, args, env, cwd = ROOT) {
  const child = spawn(file, args, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    windowsHide: true,
  });
  running.add(child);
  child.said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8').on('data', (text) => (child.said[stream] += text));
  }
  child.once('close', () => running.delete(child));
  return child;
}

/** Waits for a program to end well. @returns what it wrote to standard output */
export function complete(child) {
  return new Promise((done, fail) => {
    child.once('error', (error) =>
      fail(new SetupError(`${child.spawnargs[0]} cannot be run: ${error.message}`)),
    );
    child.once('close', (code, signal) => {
      if (code === 0) return done(child.said.stdout);
      const command = child.spawnargs.join(' ');
      const output = `${child.said.stdout}${child.said.stderr}`.trim();
      fail(new SetupError(`${command}\nended with ${signal ?? `exit code ${code}`}:\n${output}`));
    });
  });
}

export function seconds(startedAt) {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
}
