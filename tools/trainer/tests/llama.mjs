/**
 * What llama.cpp makes of a model file: requests and replies as JSON lines.
 *
 * Logits are exact, as far as llama.cpp can be: the product's engine keeps its state as float16.
 */
/* global AbortController */
import { createInterface } from 'node:readline';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
import { loadLanguageModel } from '@repoformer/engine';
import { resolveFormat } from '@repoformer/fim';

const llama = await getLlama({
  gpu: false,
  build: 'never',
  skipDownload: true,
  progressLogs: false,
  maxThreads: 1,
  logLevel: LlamaLogLevel.error,
});

/** Of each place of each prompt, the logits of all tokens; and the tokens of texts whose markers count. */
async function evaluate({ path, texts, prompts }) {
  const model = await llama.loadModel({ modelPath: path, checkTensors: true });
  const context = await model.createContext({
    contextSize: Math.max(...prompts.map((tokens) => tokens.length)) + 1,
    threads: 1,
    flashAttention: false,
    experimentalKvCacheKeyType: 'F32',
    experimentalKvCacheValueType: 'F32',
  });
  try {
    const sequence = context.getSequence();
    const vocabulary = model.fileInfo.metadata.tokenizer.ggml.tokens.length;
    const logits = [];
    for (const tokens of prompts) {
      await sequence.clearHistory();
      const asked = tokens.map((token) => [token, { generateNext: { token: true, logits: true } }]);
      const places = await sequence.controlledEvaluate(asked);
      logits.push(
        places.map(({ next }) => Array.from({ length: vocabulary }, (_, token) => next.logits.get(token))),
      );
    }
    return { marked: texts.map((text) => model.tokenize(text, true)), logits };
  } finally {
    await model.dispose();
  }
}

/** What the product knows of the file, and what it completes with it. */
async function serve({ path, texts, prompts }) {
  const spec = {
    name: 'converted',
    path,
    adapters: [],
    contextTokens: 256,
    prefillThreads: 1,
    decodeThreads: 1,
  };
  const model = await loadLanguageModel({ ...spec, gpu: 'none' });
  const { signal } = new AbortController();
  const lane = await model.acquire({ priority: 'completion', signal });
  try {
    const { family, decisionToken } = resolveFormat(model.info);
    const likelihoods = [];
    const completions = [];
    for (const prompt of prompts) {
      const tokens = Int32Array.from(prompt);
      likelihoods.push(await lane.logProbabilities(tokens, { from: 1, signal }));
      const options = { maxTokens: 8, forcedBytes: new Uint8Array(), stopTokens: [], signal };
      let text = '';
      for await (const piece of lane.generate(tokens, options)) text += piece.text;
      completions.push(text);
    }
    const plain = (await model.tokenize(texts)).map((tokens) => [...tokens]);
    return { info: model.info, family, decisionToken, plain, likelihoods, completions };
  } finally {
    lane.release();
    await model.close();
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const reply = { ...(await evaluate(request)), ...(request.serve && (await serve(request))) };
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
await llama.dispose();
