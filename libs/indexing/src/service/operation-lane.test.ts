import { describe, expect, it } from 'vitest';
import { OperationLane } from './operation-lane.js';

/** An operation that runs until it is told to end. */
function held(log: string[], name: string) {
  let end = () => undefined as void;
  const done = new Promise<void>((resolve) => (end = resolve));
  const action = async () => {
    log.push(`${name} starts`);
    await done;
    log.push(`${name} ends`);
  };
  return { action, end };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('OperationLane', () => {
  it('runs as many as allowed, the others in order', async () => {
    const lane = new OperationLane(2);
    const log: string[] = [];
    const [a, b, c] = ['a', 'b', 'c'].map((name) => held(log, name));
    const all = [a, b, c].map((one) => lane.run(one!.action));
    await turn();
    expect(log).toEqual(['a starts', 'b starts']);
    b!.end();
    await turn();
    expect(log).toEqual(['a starts', 'b starts', 'b ends', 'c starts']);
    a!.end();
    c!.end();
    await Promise.all(all);
  });

  it('runs an exclusive one alone, before what came later', async () => {
    const lane = new OperationLane(2);
    const log: string[] = [];
    const [a, x, b] = ['a', 'x', 'b'].map((name) => held(log, name));
    const all = [lane.run(a!.action), lane.run(x!.action, { exclusive: true }), lane.run(b!.action)];
    await turn();
    expect(log).toEqual(['a starts']);
    a!.end();
    await turn();
    expect(log).toEqual(['a starts', 'a ends', 'x starts']);
    x!.end();
    await turn();
    expect(log.at(-1)).toBe('b starts');
    b!.end();
    await Promise.all(all);
  });

  it('lets a waiting one be cancelled and those behind it go on', async () => {
    const lane = new OperationLane(1);
    const log: string[] = [];
    const [a, b] = ['a', 'b'].map((name) => held(log, name));
    const first = lane.run(a!.action);
    const controller = new AbortController();
    const cancelled = lane.run(() => Promise.reject(new Error('must not run')), {
      signal: controller.signal,
    });
    const last = lane.run(b!.action);
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ kind: 'cancelled' });
    a!.end();
    b!.end();
    await Promise.all([first, last]);
    await expect(lane.run(a!.action, { signal: controller.signal })).rejects.toMatchObject({
      kind: 'cancelled',
    });
  });

  it('goes on after a failure', async () => {
    const lane = new OperationLane(1);
    await expect(lane.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await lane.run(async () => 5)).toBe(5);
  });
});
