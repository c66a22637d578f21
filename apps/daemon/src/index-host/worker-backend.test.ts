import { describe, expect, it } from 'vitest';
import { SupervisedIndex } from './supervised-index.js';
import { startIndexWorker } from './worker-backend.js';
import type { WorkerNotice } from './worker-messages.js';

const notices: WorkerNotice[] = [];
const start = (directory = '/r') =>
  startIndexWorker({
    directory,
    windowLines: 20,
    strideLines: 10,
    maxFileBytes: 1024,
    workingTree: false,
    onNotice: (notice) => notices.push(notice),
    program: new URL('../testing/crashing-worker.mjs', import.meta.url),
  });

describe('startIndexWorker', () => {
  it('serves calls, passes notices on and stops', async () => {
    const backend = await start();
    expect(await backend.index.get('x')).toEqual({ root: '/r' });
    expect(notices).toContainEqual({ level: 'info', message: 'begun' });
    await backend.stop();
    await backend.ended;
    await expect(backend.index.get('x')).rejects.toMatchObject({ reason: 'INDEX_UNAVAILABLE' });
  });

  it('rejects with the reason why the index cannot be opened', async () => {
    await expect(start('unusable')).rejects.toMatchObject({
      reason: 'STORE_UNAVAILABLE',
      message: 'disk full',
    });
  });

  it('tells of a thread that died, and of what', async () => {
    const backend = await start();
    await expect(backend.index.list()).rejects.toMatchObject({ reason: 'INDEX_UNAVAILABLE' });
    expect(await backend.ended).toMatchObject({ cause: { name: 'RangeError' } });
  });

  it('is started again by its supervisor', async () => {
    let starts = 0;
    const index = new SupervisedIndex({ start: () => ((starts += 1), start()), backoffMs: 1 });
    index.start();
    await expect(index.list()).rejects.toMatchObject({ reason: 'INDEX_UNAVAILABLE' });
    expect(await index.get('x')).toEqual({ root: '/r' });
    expect(starts).toBe(2);
    await index.close();
  });
});
