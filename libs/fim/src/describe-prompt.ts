import type { PromptReport } from '@repoformer/domain';
import type { FimFormat } from './format.js';
import { tokensOf, type PromptContext, type PromptParts, type TokenSource } from './prompt.js';

/** What `assemblePrompt` is made of, part by part, for people to read. */
export async function describePrompt(
  format: FimFormat,
  parts: PromptParts,
  context: PromptContext | undefined,
  model: TokenSource,
): Promise<PromptReport> {
  const names = new Map([...format.markers].map(([text, id]) => [id, new TextEncoder().encode(text)]));
  const elements = context ? format.withContext.elements : format.single;
  const described = elements.map(async (element) => {
    const tokens = tokensOf(format, element, parts, context?.tokens);
    const bytes = await model.tokenBytes(tokens);
    // Context holds the family's separators among its text.
    const pieces = [...tokens].map((id, at) => names.get(id) ?? bytes[at]!);
    const kind = typeof element === 'string' ? element : 'marker' in element ? 'marker' : 'literal';
    if (kind === 'typed') pieces.push(parts.forcedBytes);
    return { kind, tokens: tokens.length, text: decode(pieces) } as const;
  });
  return { family: format.family, placement: format.placement, parts: await Promise.all(described) };
}

function decode(pieces: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  return pieces.map((piece) => decoder.decode(piece, { stream: true })).join('') + decoder.decode();
}
