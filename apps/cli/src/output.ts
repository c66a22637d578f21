import { toJsonString } from '@bufbuild/protobuf';
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import type { Host, TextSink } from './host.js';
import { COLOURS, PLAIN } from './render/style.js';
import type { Style } from './render/style.js';

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  /** False: never; true: where the stream is a terminal and NO_COLOR is not set. */
  readonly color: boolean;
}

/** Where results (stdout) and remarks (stderr) go, and how. */
export class Output {
  readonly json: boolean;
  /** How stdout is marked. */
  readonly style: Style;
  /** How stderr is marked. */
  readonly noteStyle: Style;
  readonly #host: Host;
  readonly #notes: boolean;
  #progressShown = false;

  constructor(host: Host, options: OutputOptions) {
    this.#host = host;
    this.json = options.json;
    this.#notes = !options.quiet && !options.json;
    const styleOf = (sink: TextSink): Style =>
      options.color && sink.isTTY === true && !host.env['NO_COLOR'] && host.env['TERM'] !== 'dumb'
        ? COLOURS
        : PLAIN;
    this.style = styleOf(host.stdout);
    this.noteStyle = styleOf(host.stderr);
  }

  /** Whether results go to a person's screen. */
  get terminal(): boolean {
    return this.#host.stdout.isTTY === true;
  }

  /** Whether remarks stand between results: on a screen, or where both streams lead to one place. */
  get mixesRemarks(): boolean {
    return this.terminal || (this.#notes && this.#host.sharesOutput === true);
  }

  /** Whether remarks and progress go to a person's screen. */
  get showsProgress(): boolean {
    return this.#notes && this.#host.stderr.isTTY === true;
  }

  /** Writes a result as it is; resolves once the stream takes more. */
  async text(text: string): Promise<void> {
    if (text === '') return;
    this.clearProgress();
    await write(this.#host.stdout, text, this.#host.signal);
  }

  line(text = ''): Promise<void> {
    return this.text(`${text}\n`);
  }

  /** A result as one line of JSON. */
  value(value: unknown): Promise<void> {
    return this.line(JSON.stringify(value));
  }

  /** A message of the API in proto3's JSON form, on one line. */
  message<D extends DescMessage>(schema: D, message: MessageShape<D>): Promise<void> {
    return this.line(toJsonString(schema, message));
  }

  /** A remark for people; not with `--json` or `--quiet`. */
  note(text: string): void {
    if (!this.#notes) return;
    this.clearProgress();
    this.#host.stderr.write(`${text}\n`);
  }

  /** A remark in the background. */
  dimNote(text: string): void {
    this.note(text.split('\n').map(this.noteStyle.dim).join('\n'));
  }

  /** Replaces the one line that tells how far we are; terminals only. */
  progress(text: string): void {
    if (!this.showsProgress) return;
    // A terminal that does not know its width says 0.
    const columns = this.#host.stderr.columns || 80;
    const line = text.length < columns ? text : `${text.slice(0, columns - 2)}…`;
    this.#host.stderr.write(`\r\x1b[K${this.noteStyle.dim(line)}`);
    this.#progressShown = true;
  }

  clearProgress(): void {
    if (!this.#progressShown) return;
    this.#progressShown = false;
    this.#host.stderr.write('\r\x1b[K');
  }

  /** An error; shown whatever the options say. */
  error(text: string): void {
    this.clearProgress();
    this.#host.stderr.write(`${text}\n`);
  }
}

/** Waits for a slow reader, but not for one that is gone. */
function write(sink: TextSink, text: string, signal: AbortSignal): Promise<void> {
  if (sink.write(text)) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      sink.off('drain', finish);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    sink.once('drain', finish);
    signal.addEventListener('abort', finish, { once: true });
    if (signal.aborted) finish();
  });
}
