import type { CallNode } from '@repoformer/syntax';
import { bracketDepth } from './bracket-depth.js';
import { randomOf, type Candidate, type Randomness } from './candidate.js';
import type { RepositoryNames } from './repository-names.js';
import { lineAt, type SourceFile } from './source-file.js';

const MAX_LINES = 8;

/**
 * Calls of what another file of the repository defines, as in RepoEval's API tasks: the lines of the call, up to
 * the end of its last one. Half of the holes begin at the line, half of them behind the opening parenthesis.
 */
export function* callCandidates(
  file: SourceFile,
  names: RepositoryNames,
  randomness: Randomness,
): Generator<Candidate> {
  for (const call of file.tree.calls()) {
    if (!names.isDefinedElsewhere(call, file)) continue;
    const startLine = lineAt(file, call.start);
    const beginsAtLine = () => randomOf(randomness, file, 'call', call.start, call.end).next() < 0.5;
    yield { kind: 'call', file, startLine, range: () => callRange(file, call, beginsAtLine()) };
  }
}

/** As {@link callCandidates}, always whole lines. */
export function* wholeCallCandidates(file: SourceFile, names: RepositoryNames): Generator<Candidate> {
  for (const call of file.tree.calls()) {
    if (!names.isDefinedElsewhere(call, file)) continue;
    yield {
      kind: 'call',
      file,
      startLine: lineAt(file, call.start),
      range: () => callRange(file, call, true),
    };
  }
}

function callRange(
  file: SourceFile,
  call: CallNode,
  beginsAtLine: boolean,
): { start: number; end: number } | undefined {
  const first = lineAt(file, call.start);
  const last = lineAt(file, call.end - 1);
  const end = file.lines[last]!.codeEnd;
  const lineStart = file.lines[first]!.codeStart;
  if (last - first >= MAX_LINES || opensWithoutClosing(file, lineStart, end)) return undefined;
  const hasArguments = /^\(\s{0,100}[^\s)]/.test(file.text.slice(call.arguments.start, call.arguments.end));
  return { start: beginsAtLine || !hasArguments ? lineStart : call.arguments.start + 1, end };
}

/** Whether the lines end in the middle of something that they began, other than a block. */
function opensWithoutClosing(file: SourceFile, start: number, end: number): boolean {
  return bracketDepth(file, start, end) > 0 && file.text[end - 1] !== '{';
}
