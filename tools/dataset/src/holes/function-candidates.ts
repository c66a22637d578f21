import type { Candidate } from './candidate.js';
import { lineAt, type SourceFile } from './source-file.js';

/** Lines of a body, as in the paper's training data (section 4.1). */
const MIN_LINES = 3;
const MAX_LINES = 30;

/** Bodies of functions that stand on lines of their own; a docstring stays before the hole. */
export function* functionCandidates(file: SourceFile): Generator<Candidate> {
  for (const { body } of file.tree.functions()) {
    if (body.end <= body.start) continue;
    const first = lineAt(file, body.start);
    const last = lineAt(file, body.end - 1);
    const lines = last - first + 1;
    if (lines < MIN_LINES || lines > MAX_LINES) continue;
    if (file.lines[first]!.codeStart !== body.start) continue;
    const end = file.lines[last]!.codeEnd;
    // What follows on the last line may only be a remark on it.
    const rest = file.text.slice(body.end, end).trim();
    const isRemark = file.tree.comments().some(({ start }) => start >= body.end && start < end);
    if (rest !== '' && !(isRemark && /^(#|\/\/)/.test(rest))) continue;
    yield { kind: 'function', file, startLine: first, range: () => ({ start: body.start, end }) };
  }
}
