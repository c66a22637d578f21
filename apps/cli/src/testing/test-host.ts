import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import type { Host, TextSink } from '../host.js';
import { run } from '../run.js';

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Whether output goes to a screen. */
  readonly terminal?: boolean;
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
}

/** A home directory of its own, and command lines run in it. */
export class TestBench {
  /** Real path; holds `home` and `work`. */
  readonly directory = realpathSync(mkdtempSync(join(tmpdir(), 'rf-cli-')));
  readonly home = join(this.directory, 'home');
  readonly work = join(this.directory, 'work');
  readonly socket = join(this.directory, 's.sock');

  constructor() {
    mkdirSync(this.home);
    mkdirSync(this.work);
  }

  async run(args: readonly string[], options: RunOptions = {}): Promise<CliResult> {
    const stdout = collect(options.terminal === true);
    const stderr = collect(options.terminal === true);
    const host: Host = {
      env: {
        HOME: this.home,
        USERPROFILE: this.home,
        PATH: process.env['PATH'],
        REPOFORMER_SOCKET: this.socket,
        ...options.env,
      },
      cwd: options.cwd ?? this.work,
      stdin: Readable.from(options.stdin === undefined ? [] : [Buffer.from(options.stdin)]),
      stdout: stdout.sink,
      stderr: stderr.sink,
      signal: options.signal ?? new AbortController().signal,
      now: () => 0,
    };
    const code = await run(args, host);
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function collect(isTTY: boolean): { sink: TextSink; text: () => string } {
  const pieces: Buffer[] = [];
  const sink = Object.assign(new PassThrough(), { isTTY, columns: 100 });
  sink.on('data', (piece: Buffer) => pieces.push(piece));
  return { sink, text: () => Buffer.concat([...pieces, ...drain(sink)]).toString() };
}

/** What was written and has not been handed on yet. */
function* drain(sink: PassThrough): Generator<Buffer> {
  for (let piece = sink.read() as Buffer | null; piece !== null; piece = sink.read() as Buffer | null)
    yield piece;
}
