import { InsufficientMemoryError, NoBinaryFoundError } from 'node-llama-cpp';
import { describe, expect, it } from 'vitest';
import { explainLoadFailure, LoadError, tellsReason } from './load-failure.js';

const because = (error: unknown, logged: string[] = []) => explainLoadFailure(error, 'model m', logged);

describe('explainLoadFailure', () => {
  it('says how to get a missing binary', () => {
    const failure = because(new NoBinaryFoundError());
    expect(failure).toMatchObject({ kind: 'failed_precondition', reason: 'ENGINE_UNAVAILABLE' });
    expect(failure.message).toContain('npm run backend');
    expect(failure.message).toContain(process.arch);
  });

  it('tells a lack of memory from a broken model, whoever notices it', () => {
    const short = { kind: 'resource_exhausted', reason: 'ENGINE_UNAVAILABLE' };
    expect(because(new InsufficientMemoryError('not enough'))).toMatchObject(short);
    const logged = ['ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 99'];
    expect(because(new Error('Failed to create context'), logged)).toMatchObject(short);
  });

  it('takes the first line that says something, without its prefixes', () => {
    const logged = [
      "llama_model_load: error loading model: error loading model vocabulary: unknown pre-tokenizer type: 'x'",
      'llama_model_load_from_file_impl: failed to load model',
    ];
    expect(tellsReason(logged.slice(1))).toBe(false);
    expect(tellsReason(logged)).toBe(true);
    expect(because(new Error('Failed to load model'), logged)).toEqual({
      kind: 'failed_precondition',
      reason: 'MODEL_UNSUPPORTED',
      message: "model m cannot be loaded: unknown pre-tokenizer type: 'x'",
    });
  });

  it('falls back to what was thrown, and passes a reason through that is known already', () => {
    expect(because(new Error('Failed to load model'))).toMatchObject({ reason: 'MODEL_INVALID' });
    const failure = { kind: 'failed_precondition', reason: 'MODEL_UNSUPPORTED', message: 'no' } as const;
    expect(because(new LoadError(failure))).toBe(failure);
  });
});
