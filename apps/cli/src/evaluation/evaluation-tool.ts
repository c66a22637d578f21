import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { AppError } from '@repoformer/domain';
import { ToolFailure } from '../exit-code.js';
import type { Host } from '../host.js';

/** Found at run time: the tool is started, never imported. */
const TOOL_PACKAGE = '@repoformer/eval';
const TOOL_PROGRAM = 'repoformer-eval';
/** What `createProcessHost` says of Ctrl-C, which a terminal sends to the tool as well. */
const CTRL_C_EXIT_CODE = String(128 + constants.signals.SIGINT);

/** The evaluation's program, found through its package so that this one need not import it. */
export function findEvaluationTool(packageName = TOOL_PACKAGE): string {
  const require = createRequire(import.meta.url);
  try {
    const manifest = require.resolve(`${packageName}/package.json`);
    const { bin } = require(manifest) as { bin: Record<string, string> };
    return join(dirname(manifest), bin[TOOL_PROGRAM] ?? '');
  } catch (error) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message:
        'the evaluation is not installed beside this program; in its source folder, run "npm ci" and "npm run build"',
      cause: error,
    });
  }
}

export interface ToolOptions {
  /** The program to start; for tests. */
  readonly executable?: string;
  /** Whether a terminal sends its Ctrl-C to the tool too, so that passing it on would be a second one. */
  readonly sharesTerminal?: boolean;
}

/**
 * Runs the evaluation as if it were this program: the same streams, and Ctrl-C is passed on, upon which it goes on
 * with what is measured.
 *
 * @throws ToolFailure with its exit code; what was wrong it has said itself. AppError where it cannot be run.
 */
export async function runEvaluationTool(
  args: readonly string[],
  host: Host,
  {
    executable = findEvaluationTool(),
    sharesTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY),
  }: ToolOptions = {},
): Promise<void> {
  const child = spawn(process.execPath, [executable, ...args], {
    cwd: host.cwd,
    env: { ...host.env },
    stdio: 'inherit',
    windowsHide: true,
  });
  const passOn = (): void => {
    const { meta } = host.signal.reason as Partial<AppError>;
    const isCtrlC = meta?.['exitCode'] === CTRL_C_EXIT_CODE;
    if (!(isCtrlC && sharesTerminal)) child.kill(isCtrlC ? 'SIGINT' : 'SIGTERM');
  };
  // A second Ctrl-C ends this program at once; nothing may be left running.
  const endWithUs = (): void => void child.kill();
  process.once('exit', endWithUs);
  host.signal.addEventListener('abort', passOn, { once: true });
  if (host.signal.aborted) passOn();
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
    });
    if (exitCode !== 0) throw new ToolFailure(exitCode);
  } catch (error) {
    if (error instanceof ToolFailure) throw error;
    throw new AppError({
      kind: 'internal',
      reason: 'INTERNAL',
      message: `${executable} cannot be run (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`,
      cause: error,
    });
  } finally {
    process.off('exit', endWithUs);
    host.signal.removeEventListener('abort', passOn);
  }
}
