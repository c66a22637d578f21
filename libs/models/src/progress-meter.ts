import { systemClock, type Clock } from '@repoformer/domain';

/** Where a pull stands. */
export interface PullProgress {
  /**
   * - `waiting`: another process is pulling the same model;
   * - `downloading`;
   * - `verifying`: the file is complete and its SHA-256 is being computed;
   * - `merging`: model and adapter become one file.
   */
  readonly phase: 'waiting' | 'downloading' | 'verifying' | 'merging';
  /** What it comes from, for people: a host name, or `package mirror`. Empty while waiting or merging. */
  readonly source: string;
  /** Of the file: bytes here already, those of earlier attempts included. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Over the last seconds; 0 until there is something to measure. */
  readonly bytesPerSecond: number;
  /** Undefined while the rate is unknown. */
  readonly remainingMs: number | undefined;
}

export type ProgressListener = (progress: PullProgress) => void;

const WINDOW_MS = 5_000;
const SHORTEST_MS = 250;

/** Turns counts of bytes into progress reports, at most a few a second. */
export class ProgressMeter {
  readonly #listener: ProgressListener | undefined;
  readonly #totalBytes: number;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  #phase: PullProgress['phase'] = 'waiting';
  #source = '';
  #samples: { atMs: number; bytes: number }[] = [];
  #reportedAtMs = -Infinity;

  constructor(
    listener: ProgressListener | undefined,
    totalBytes: number,
    options: { readonly clock?: Clock; readonly intervalMs?: number } = {},
  ) {
    this.#listener = listener;
    this.#totalBytes = totalBytes;
    this.#clock = options.clock ?? systemClock;
    this.#intervalMs = options.intervalMs ?? 100;
  }

  /** Begins a phase and reports it at once; the rate is measured anew. */
  enter(phase: PullProgress['phase'], source: string, doneBytes: number): void {
    this.#phase = phase;
    this.#source = source;
    this.#samples = [];
    this.#reportedAtMs = -Infinity;
    this.update(doneBytes);
  }

  /** The bytes that are here now. Going back (a source starts over) begins a new measurement. */
  update(doneBytes: number): void {
    if (this.#listener === undefined) return;
    const atMs = this.#clock.monotonicMs();
    const last = this.#samples.at(-1);
    if (last !== undefined && doneBytes < last.bytes) this.#samples = [];
    const complete = doneBytes >= this.#totalBytes;
    if (!complete && atMs - this.#reportedAtMs < this.#intervalMs) return;
    this.#samples.push({ atMs, bytes: doneBytes });
    while ((this.#samples[1]?.atMs ?? Infinity) <= atMs - WINDOW_MS) this.#samples.shift();
    this.#reportedAtMs = atMs;
    const first = this.#samples[0] ?? { atMs, bytes: doneBytes };
    const elapsedMs = atMs - first.atMs;
    const bytesPerSecond = elapsedMs < SHORTEST_MS ? 0 : ((doneBytes - first.bytes) / elapsedMs) * 1000;
    this.#listener({
      phase: this.#phase,
      source: this.#source,
      doneBytes,
      totalBytes: this.#totalBytes,
      bytesPerSecond,
      remainingMs: bytesPerSecond > 0 ? ((this.#totalBytes - doneBytes) / bytesPerSecond) * 1000 : undefined,
    });
  }
}
