import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GIT_ENVIRONMENT, type ScratchClone } from './scratch-clone.js';
import { timed } from './statistics.js';

export interface TracedRun {
  readonly ms: number;
  /** When git started the hook, as `Date.now()` tells time; NaN where it ran none. */
  readonly hookAtMs: number;
}

/** Runs git beside what else this process does; its own trace tells when it started the hook. */
export async function runTracedGit(
  clone: ScratchClone,
  args: readonly string[],
  hook?: string,
): Promise<TracedRun> {
  const trace = join(clone.folder, 'trace');
  const hooks = hook === undefined ? ['-c', 'core.hooksPath=/dev/null'] : [];
  const { ms } = await timed(() =>
    promisify(execFile)('git', ['-c', 'gc.auto=0', ...hooks, ...args], {
      cwd: clone.root,
      env: { ...GIT_ENVIRONMENT, GIT_TRACE2_EVENT: trace },
    }),
  );
  const events = readFileSync(trace, 'utf8').trim().split('\n').map(parseEvent);
  rmSync(trace);
  const started = events.find(({ event, hook_name: name }) => event === 'child_start' && name === hook);
  if (hook !== undefined && started === undefined) throw new Error(`git ran no ${hook} hook`);
  return { ms, hookAtMs: hook === undefined ? NaN : Date.parse(started!.time) };
}

interface TraceEvent {
  readonly event: string;
  readonly time: string;
  readonly hook_name?: string;
}

function parseEvent(line: string): TraceEvent {
  return JSON.parse(line) as TraceEvent;
}
