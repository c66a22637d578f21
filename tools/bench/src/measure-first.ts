import { join } from 'node:path';
import { defaultDataDir } from '@repoformer/config';
import { thisMachine } from '@repoformer/dataset';
import { loadLanguageModel, type LlamaLanguageModel } from '@repoformer/engine';
import { resolveModel } from '@repoformer/models';
import type { Rows } from './measurements.js';
import { spread, timed } from './statistics.js';

/** Of the prompt: as a completion without context has them by default, prefix and suffix. */
const PROMPT_TOKENS = 512;
const GENERATED_TOKENS = 16;

/** What a model's first request takes, as it is loaded and after a rehearsal, in turn, each time in a new process. */
export async function measureFirst(name: string, rounds: number): Promise<Rows> {
  const signal = new AbortController().signal;
  const modelsDirectory = join(defaultDataDir(thisMachine(), process.env), 'models');
  const spec = await resolveModel(name, { modelsDirectory, signal });
  const cold: number[] = [];
  const rehearsed: number[] = [];
  const rehearsals: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const isRehearsed of [false, true]) {
      const model = await loadLanguageModel(spec, { signal });
      try {
        if (isRehearsed) rehearsals.push((await timed(() => model.rehearse(signal))).ms);
        (isRehearsed ? rehearsed : cold).push((await timed(() => request(model, signal))).ms);
      } finally {
        await model.close();
      }
    }
  }
  const what = `first request, ${PROMPT_TOKENS} tokens of prompt and ${GENERATED_TOKENS} generated`;
  return [
    ['model', spec.name],
    [what, spread(cold, 'ms', 0)],
    ['the same after a rehearsal', spread(rehearsed, 'ms', 0)],
    ['the rehearsal itself', spread(rehearsals, 'ms', 0)],
  ];
}

async function request(model: LlamaLanguageModel, signal: AbortSignal): Promise<void> {
  const [tokens] = await model.tokenize([
    'const value = items.map((item) => item.value);\n'.repeat(PROMPT_TOKENS),
  ]);
  const lane = await model.acquire({ priority: 'completion', signal });
  try {
    const pieces = lane.generate(tokens!.slice(0, PROMPT_TOKENS), {
      maxTokens: GENERATED_TOKENS,
      forcedBytes: new Uint8Array(),
      stopTokens: [],
      signal,
    });
    while (!(await pieces.next()).done);
  } finally {
    lane.release();
  }
}
