import { fstatSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { AppError } from '@repoformer/domain';

export interface TextSink extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What a command sees of its process; tests bring their own. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  /** Whether both lead to the same place, as with `2>&1`. */
  readonly sharesOutput?: boolean;
  /** Aborted by Ctrl-C, by a request to terminate, and when the reader of the output is gone. */
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** The reader of our output has left (`| head`): no error, there is just nobody to work for any more. */
export class OutputClosed extends Error {}

/**
 * With `bigint`, because Node resolves modules by the buffer that a plain stat fills: after one of a pipe or a
 * socket, imports no longer follow links (nodejs/node#51142).
 */
function leadToOnePlace(one: number, other: number): boolean {
  try {
    const [a, b] = [fstatSync(one, { bigint: true }), fstatSync(other, { bigint: true })];
    return a.ino !== 0n && a.ino === b.ino && a.dev === b.dev;
  } catch {
    return false;
  }
}

/** The process as a host. A second Ctrl-C ends it at once, whatever it is waiting for. */
export function createProcessHost(): Host {
  const controller = new AbortController();
  const interrupt = (name: 'SIGINT' | 'SIGTERM', code: number): void => {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(code);
      controller.abort(
        new AppError({
          kind: 'cancelled',
          reason: 'CANCELLED',
          message: 'interrupted',
          meta: { exitCode: String(code) },
        }),
      );
    });
  };
  interrupt('SIGINT', 130);
  interrupt('SIGTERM', 143);
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      controller.abort(
        error.code === 'EPIPE'
          ? new OutputClosed()
          : new AppError({
              kind: 'internal',
              reason: 'INTERNAL',
              message: `the output cannot be written (${error.code ?? error.message})`,
              cause: error,
            }),
      );
    });
  }
  return {
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    sharesOutput: leadToOnePlace(1, 2),
    stderr: process.stderr,
    signal: controller.signal,
    now: Date.now,
  };
}
