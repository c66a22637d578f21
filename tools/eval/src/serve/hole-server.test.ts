import { DEFAULT_RUN_SETTINGS, openLabelModel, readCorpusTexts, type LabelModel } from '@repoformer/dataset';
import { openSyntax } from '@repoformer/syntax';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFixture, type CliFixture } from '../cli/testing.js';
import { restoreHole } from '../collect/restore-hole.js';
import { HoleServer, servingOrder } from './hole-server.js';
import { openServedIndex, type ServedIndex } from './served-index.js';
import { SERVE_MODES, type ServedHole, type ServeMode, type ServeState } from './served-request.js';

const signal = new AbortController().signal;
let fixture: CliFixture;
let opened: LabelModel;
let index: ServedIndex;
let served: ServedHole;
beforeAll(async () => {
  fixture = await createFixture(4);
  opened = await openLabelModel({ model: 'repoformer-nano', threads: 1, signal });
  index = await openServedIndex([fixture.repository], signal);
  served = await serve(0);
});
afterAll(async () => {
  await index?.close();
  await opened?.model.close();
  await fixture?.remove();
});

async function serve(threshold: number, modes = SERVE_MODES as readonly ServeMode[]): Promise<ServedHole> {
  const record = fixture.holes.find(({ kind, context }) => kind !== 'function' && context.chunks.length > 0)!;
  const texts = await readCorpusTexts(fixture.repository);
  const hole = restoreHole(record, texts.find(({ path }) => path === record.path)!.text)!;
  const server = new HoleServer({
    model: opened.model,
    retriever: index.retriever,
    options: {
      retriever: 'bm25',
      ...{ topK: 10, retrievalTimeoutMs: 30_000, policy: 'similarity', threshold, eagerness: 'balanced' },
      ...{ placement: 'after-suffix', budgets: DEFAULT_RUN_SETTINGS.budgets },
    },
    syntax: await openSyntax(),
    seed: '1',
  });
  return server.serve(hole, index.idOf(fixture.repository.name)!, modes, signal);
}
const request = (mode: ServeMode, state: ServeState, of = served) =>
  of.requests.find((each) => each.mode === mode && each.state === state)!;

describe('servingOrder', () => {
  it('has every pair once, the same for a seed, and each of them first as often as another', () => {
    const firsts = new Map<string, number>();
    for (let seed = 0; seed < 600; seed++) {
      const order = servingOrder(SERVE_MODES, `${seed}`).map(({ mode, state }) => `${mode} ${state}`);
      expect(new Set(order).size).toBe(6);
      firsts.set(order[0]!, (firsts.get(order[0]!) ?? 0) + 1);
    }
    expect(servingOrder(SERVE_MODES, 'x')).toEqual(servingOrder(SERVE_MODES, 'x'));
    // 100 expected of each; the seeds are fixed.
    expect(firsts.size).toBe(6);
    expect(Math.min(...firsts.values())).toBeGreaterThan(70);
  });
});

describe('HoleServer', () => {
  it('asks in each mode and state once, in the order of the seed and the hole', () => {
    const asked = served.requests.map(({ mode, state }) => ({ mode, state }));
    expect(asked).toEqual(servingOrder(SERVE_MODES, `1 ${served.id}`));
  });

  it('begins cold with nothing evaluated, and warm with prefix and suffix', () => {
    for (const mode of SERVE_MODES) {
      expect(request(mode, 'cold').usage.reused).toBe(0);
      const { reused, prompt, context } = request(mode, 'warm').usage;
      expect(reused).toBeGreaterThan(0);
      expect(reused).toBeLessThanOrEqual(prompt - context);
    }
  });

  it('shows context always or never as it is told, and the index’s own', () => {
    for (const state of ['cold', 'warm'] as const) {
      expect(request('never', state)).toMatchObject({ hasContext: false, usage: { context: 0 } });
      expect(request('always', state).hasContext).toBe(true);
      expect(request('always', state).usage.context).toBeGreaterThan(0);
    }
  });

  it('auto is the policy: any hit is more similar than nothing, none more than everything', async () => {
    expect(request('auto', 'cold')).toMatchObject({
      decision: { outcome: 'retrieve', policy: 'similarity' },
      hasContext: true,
    });
    const strict = request('auto', 'warm', await serve(1, ['auto']));
    expect(strict).toMatchObject({ decision: { outcome: 'abstain' }, hasContext: false });
  });

  it('writes the same whatever was evaluated before', () => {
    for (const mode of SERVE_MODES) {
      const [cold, warm] = [request(mode, 'cold'), request(mode, 'warm')];
      expect(warm.editSimilarity).toBe(cold.editSimilarity);
    }
  });
});
