import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultDataDir } from '@repoformer/config';
import { thisMachine } from '@repoformer/dataset';
import type { Copying, ModelLane } from '@repoformer/domain';
import { loadLanguageModel } from '@repoformer/engine';
import { resolveModel } from '@repoformer/models';
import type { Rows } from './measurements.js';
import { quantile, spread, timed } from './statistics.js';

/** As a completion has them by default. */
const PROMPT_TOKENS = 640;
const PASSAGE_TOKENS = 512;
const GENERATED_TOKENS = 32;

/** What a written token takes, by the model alone and with help to copy from what it does not read, in turn. */
export async function measureCopying(name: string, rounds: number): Promise<Rows> {
  const signal = new AbortController().signal;
  const modelsDirectory = join(defaultDataDir(thisMachine(), process.env), 'models');
  const spec = await resolveModel(name, { modelsDirectory, signal });
  const model = await loadLanguageModel(spec, { signal });
  try {
    // Of this program: two files that have much in common.
    const files = ['measurements.ts', 'measure-retrieval.ts'].map((file) =>
      readFile(new URL(`../src/${file}`, import.meta.url), 'utf8'),
    );
    const [prompt, passage] = await model.tokenize(await Promise.all(files));
    const before = prompt!.slice(0, PROMPT_TOKENS);
    const passages = [passage!.slice(0, PASSAGE_TOKENS)];
    const weight = model.info.copying?.weight ?? 0.1;
    const ways: readonly (Copying | undefined)[] = [
      undefined,
      { weight, before, passages, copiesItself: false },
      { weight, before, passages, copiesItself: true },
    ];
    const times = ways.map((): number[] => []);
    const lane = await model.acquire({ priority: 'completion', signal });
    try {
      await msPerToken(lane, before, undefined, signal);
      for (let round = 0; round < rounds; round++) {
        for (const [at, copying] of ways.entries()) {
          times[at]!.push(await msPerToken(lane, before, copying, signal));
        }
      }
    } finally {
      lane.release();
    }
    const [alone, unread, everything] = times as [number[], number[], number[]];
    const ratio = (one: readonly number[]) => (quantile(one, 0.5) / quantile(alone, 0.5)).toFixed(2);
    return [
      ['model', spec.name],
      ['a written token, by the model alone', spread(alone, 'ms')],
      [
        `with ${PASSAGE_TOKENS} tokens to copy from that are not read`,
        `${spread(unread, 'ms')}; ${ratio(unread)} times`,
      ],
      ['with the prompt to copy from, too', `${spread(everything, 'ms')}; ${ratio(everything)} times`],
    ];
  } finally {
    await model.close();
  }
}

async function msPerToken(
  lane: ModelLane,
  prompt: Int32Array,
  copying: Copying | undefined,
  signal: AbortSignal,
): Promise<number> {
  await lane.evaluate(prompt.slice(0, -1), { signal });
  const { value: generated, ms } = await timed(async () => {
    const pieces = lane.generate(prompt, {
      maxTokens: GENERATED_TOKENS,
      forcedBytes: new Uint8Array(),
      stopTokens: [],
      ...(copying && { copying }),
      signal,
    });
    let tokens = 0;
    for await (const piece of pieces) tokens = piece.generatedTokens;
    return tokens;
  });
  return ms / Math.max(1, generated);
}
