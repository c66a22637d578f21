import { isInProse } from './hole-rules.js';
import { randomOf, type Candidate, type Randomness } from './candidate.js';
import type { Line, SourceFile } from './source-file.js';

/** Every line that holds something: the whole of it, from its indentation on. */
export function* lineCandidates(file: SourceFile): Generator<Candidate> {
  for (const [startLine, { codeStart, codeEnd }] of file.lines.entries()) {
    if (codeEnd <= codeStart) continue;
    yield { kind: 'line', file, startLine, range: () => ({ start: codeStart, end: codeEnd }) };
  }
}

/** The same lines, from a random character inside their code on. */
export function* lineRestCandidates(file: SourceFile, randomness: Randomness): Generator<Candidate> {
  for (const [startLine, line] of file.lines.entries()) {
    if (line.codeEnd <= line.codeStart + 1) continue;
    yield {
      kind: 'line_rest',
      file,
      startLine,
      range: () => {
        const places = placesInside(file, line);
        if (places.length === 0) return undefined;
        const random = randomOf(randomness, file, 'line_rest', startLine);
        return { start: places[random.below(places.length)]!, end: line.codeEnd };
      },
    };
  }
}

/** Offsets at which a cursor can stand in code: not in prose, and not between the halves of a character. */
function placesInside(file: SourceFile, { codeStart, codeEnd }: Line): number[] {
  const places: number[] = [];
  for (let offset = codeStart + 1; offset < codeEnd; offset++) {
    const code = file.text.charCodeAt(offset);
    const splitsCharacter = code >= 0xdc00 && code <= 0xdfff;
    if (!splitsCharacter && !isInProse(file, offset)) places.push(offset);
  }
  return places;
}
