import { AppError } from '@repoformer/domain';
import { describe, expect, it } from 'vitest';
import { LaneQueue, type LanePriority, type LaneTurn } from './lane-queue.js';

const never = new AbortController().signal;

/** Enters and notes when the turn comes. */
function enter(queue: LaneQueue, order: string[], name: string, priority: LanePriority = 'completion') {
  return queue.enter(priority, never).then((turn) => {
    order.push(name);
    return turn;
  });
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('LaneQueue', () => {
  it('serves completions in order of arrival, and before warm-ups', async () => {
    const queue = new LaneQueue(16);
    const order: string[] = [];
    const turns: Promise<LaneTurn>[] = [
      enter(queue, order, 'a'),
      enter(queue, order, 'warm', 'warm'),
      enter(queue, order, 'b'),
      enter(queue, order, 'c'),
    ];
    await settle();
    expect(order).toEqual(['a']);
    for (const index of [0, 2, 3]) {
      const turn = await turns[index]!;
      turn.end();
      // Ending twice must not end the next one's turn.
      turn.end();
      await settle();
    }
    expect(order).toEqual(['a', 'b', 'c', 'warm']);
  });

  it('refuses more than may wait', async () => {
    const queue = new LaneQueue(2);
    const first = await queue.enter('completion', never);
    const waiting = [queue.enter('completion', never), queue.enter('warm', never)];
    await expect(queue.enter('completion', never)).rejects.toMatchObject({
      kind: 'resource_exhausted',
      reason: 'ENGINE_BUSY',
    });
    first.end();
    (await waiting[0]!).end();
    await waiting[1];
  });

  it('takes the turn from a warm-up for a completion, not for another warm-up', async () => {
    const queue = new LaneQueue(16);
    const warm = await queue.enter('warm', never);
    const otherWarm = queue.enter('warm', never);
    await settle();
    expect(warm.preempted.aborted).toBe(false);
    const completion = await queue.enter('completion', never);
    expect(warm.preempted.reason).toBeInstanceOf(AppError);
    expect(warm.preempted.reason).toMatchObject({ kind: 'aborted', reason: 'SUPERSEDED' });
    // The preempted holder's late release changes nothing.
    warm.end();
    const next = queue.enter('completion', never);
    let granted = false;
    void next.then(() => (granted = true));
    await settle();
    expect(granted).toBe(false);
    completion.end();
    (await next).end();
    (await otherWarm).end();
  });

  it('forgets a waiter whose signal is aborted', async () => {
    const queue = new LaneQueue(1);
    const holder = await queue.enter('completion', never);
    const controller = new AbortController();
    const waiting = queue.enter('completion', controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ kind: 'cancelled' });
    await expect(queue.enter('completion', controller.signal)).rejects.toMatchObject({ kind: 'cancelled' });
    const next = queue.enter('completion', never);
    holder.end();
    (await next).end();
  });
});
