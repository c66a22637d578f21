import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, systemClock } from '@repoformer/domain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CompletionLog } from '../feedback/completion-log.js';
import { temporaryDirectory } from '../testing/fakes.js';
import { RotatingFile } from './log-sink.js';
import { describeError } from './describe-error.js';

let directory: string;
let remove: () => Promise<void>;
beforeEach(async () => ({ path: directory, remove } = await temporaryDirectory()));
afterEach(() => remove());

describe('RotatingFile', () => {
  it('keeps as many files as it should, each within its size, losing only the oldest lines', () => {
    const path = join(directory, 'x.log');
    const file = new RotatingFile(path, { maxBytes: 100, keep: 2 });
    for (let i = 0; i < 50; i += 1) file.write(`line ${String(i).padStart(4, '0')}\n`);
    file.close();
    expect(readdirSync(directory).sort()).toEqual(['x.log', 'x.log.1', 'x.log.2']);
    const names = ['x.log.2', 'x.log.1', 'x.log'];
    for (const name of names) expect(statSync(join(directory, name)).size).toBeLessThanOrEqual(100);
    const lines = names.flatMap((name) => readFileSync(join(directory, name), 'utf8').trim().split('\n'));
    expect(lines.at(-1)).toBe('line 0049');
    const numbers = lines.map((line) => Number(line.slice(5)));
    expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] as number) + i));
  });

  it('appends to what is there, and writes a line longer than its limit on its own', () => {
    const path = join(directory, 'x.log');
    const first = new RotatingFile(path, { maxBytes: 10, keep: 1 });
    first.write('12345\n');
    first.close();
    const second = new RotatingFile(path, { maxBytes: 10, keep: 1 });
    second.write('abcdefghijklmnop\n');
    second.close();
    expect(readFileSync(path, 'utf8')).toBe('abcdefghijklmnop\n');
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('12345\n');
  });

  it('never throws from write: a log that cannot be written stops nothing', () => {
    const file = new RotatingFile(join(directory, 'missing', 'x.log'), { maxBytes: 10, keep: 1 });
    expect(() => file.write('x\n')).not.toThrow();
    expect(() => file.append('x\n')).toThrow();
  });
});

describe('CompletionLog', () => {
  it('knows the last thousand completions', () => {
    const log = new CompletionLog(join(directory, 'f.jsonl'), systemClock);
    const ids = Array.from({ length: 1001 }, () => log.begin());
    expect(new Set(ids).size).toBe(1001);
    expect(() => log.report({ completionId: ids[0] as string, feedback: 'shown' })).toThrow(AppError);
    log.report({ completionId: ids[1] as string, feedback: 'shown' });
    log.report({ completionId: ids[1000] as string, feedback: 'rejected' });
    log.close();
    expect(readFileSync(join(directory, 'f.jsonl'), 'utf8').trim().split('\n')).toHaveLength(2);
  });

  it('bounds its file', () => {
    const log = new CompletionLog(join(directory, 'f.jsonl'), systemClock, 500);
    const id = log.begin();
    for (let i = 0; i < 50; i += 1) log.report({ completionId: id, feedback: 'shown' });
    log.close();
    expect(readdirSync(directory).sort()).toEqual(['f.jsonl', 'f.jsonl.1']);
    expect(statSync(join(directory, 'f.jsonl')).size).toBeLessThanOrEqual(500);
  });

  it('tells the client when it cannot write', () => {
    const log = new CompletionLog(join(directory, 'missing', 'f.jsonl'), systemClock);
    const id = log.begin();
    expect(() => log.report({ completionId: id, feedback: 'shown' })).toThrow(/could not be written/);
  });
});

describe('describeError', () => {
  it('keeps what parsers quote out of the log', () => {
    let parsed: unknown;
    try {
      JSON.parse('secret source text');
    } catch (error) {
      parsed = error;
    }
    const wrapped = new AppError({
      kind: 'internal',
      reason: 'INTERNAL',
      message: 'unreadable',
      cause: parsed,
    });
    const text = JSON.stringify(describeError(wrapped));
    expect(text).toContain('SyntaxError');
    expect(text).toContain('unreadable');
    expect(text).not.toContain('secret');
  });

  it('ends on causes that go round', () => {
    const error = new Error('round') as Error & { cause: unknown };
    error.cause = error;
    expect(JSON.stringify(describeError(error)).length).toBeLessThan(20_000);
  });
});
