import { describe, expect, it } from 'vitest';
import { ProgressMeter, type PullProgress } from './progress-meter.js';

describe('ProgressMeter', () => {
  const create = (totalBytes: number) => {
    const reports: PullProgress[] = [];
    const time = { ms: 0 };
    const clock = { now: () => time.ms, monotonicMs: () => time.ms };
    const meter = new ProgressMeter((report) => reports.push(report), totalBytes, { clock });
    return { meter, reports, time };
  };

  it('tells rate and time left over the last seconds, not since the start', () => {
    const { meter, reports, time } = create(100_000);
    meter.enter('downloading', 'host', 0);
    for (let second = 1; second <= 20; second++) {
      time.ms += 1000;
      meter.update(second <= 10 ? second * 1000 : 10_000 + (second - 10) * 4000);
    }
    expect(reports.at(-1)).toMatchObject({ doneBytes: 50_000, bytesPerSecond: 4000, remainingMs: 12_500 });
    expect(reports[0]).toMatchObject({ bytesPerSecond: 0, remainingMs: undefined, source: 'host' });
  });

  it('reports at most ten times a second, but always the end', () => {
    const { meter, reports, time } = create(1000);
    meter.enter('downloading', 'host', 0);
    for (let bytes = 1; bytes < 1000; bytes++) {
      time.ms += 1;
      meter.update(bytes);
    }
    meter.update(1000);
    expect(reports.length).toBeLessThan(15);
    expect(reports.at(-1)?.doneBytes).toBe(1000);
  });

  it('never gives a negative rate when a source starts over', () => {
    const { meter, reports, time } = create(1000);
    meter.enter('downloading', 'a', 900);
    time.ms = 1000;
    meter.update(100);
    time.ms = 2000;
    meter.update(200);
    expect(reports.at(-1)).toMatchObject({ bytesPerSecond: 100 });
  });
});
