import { unmatchedClosers, unmatchedOpeners } from './brackets.js';
import { indentWidth, isBlank } from './indentation.js';
import { findLoop, heldByLoop } from './repetition.js';

/** Which rule ended a completion. */
export type StopRule =
  | 'stop_string'
  | 'max_lines'
  | 'dedent'
  | 'block_complete'
  | 'blank_lines'
  | 'suffix_reached'
  | 'header'
  | 'repetition';

export interface FilterOptions {
  /** What stands on the cursor's line before the cursor. */
  readonly typed: string;
  /** What stands after the cursor. */
  readonly suffix: string;
  /** Most non-blank lines; 0: the other rules decide. */
  readonly maxLines: number;
  /** Ends the completion before the first of these. */
  readonly stop: readonly string[];
  /** Lines that no completion should hold: the headers of retrieved chunks. */
  readonly headers: readonly string[];
}

export interface FilterStep {
  /** Text that may be shown: it will never be taken back. */
  readonly text: string;
  /** Set when a rule has ended the completion; nothing more may be pushed. */
  readonly stop?: StopRule;
}

/** A position in the generated text where the completion ends, and why. */
interface Cut {
  readonly at: number;
  readonly rule: StopRule;
}

/** Lines that go on with a block at its own indentation rather than begin the next statement. */
const CONTINUES_BLOCK =
  /^\s*(?:[)\]}]|(?:else|elif|except|finally|catch|case|default|end|done|fi|esac|until|while)\b)/;

/**
 * Turns generated text into a completion while it streams. Text is held back only as long as a rule might still
 * cut it off; what has been shown stays.
 */
export class CompletionFilter {
  private generated = '';
  private shown = 0;
  /** First non-blank line below the cursor's line. */
  private readonly nextLine: string | undefined;
  /** What stands behind the cursor on its own line. */
  private readonly rest: string;
  private readonly headers: ReadonlySet<string>;
  /** Closers that the rest of the line leaves to the completion. */
  private readonly allowedClosers: number;

  constructor(private readonly options: FilterOptions) {
    const [rest = '', ...below] = options.suffix.split('\n', MAX_SUFFIX_LINES);
    this.rest = rest.trim();
    this.nextLine = below.map((line) => line.trimEnd()).find((line) => line !== '');
    this.headers = new Set(options.headers.filter((line) => line !== ''));
    this.allowedClosers = Math.max(0, unmatchedOpeners(options.typed) - unmatchedClosers(this.rest).length);
  }

  /** Takes the next piece of generated text. */
  push(piece: string): FilterStep {
    this.generated += piece;
    const cut = this.findCut();
    if (!cut) return { text: this.showUpTo(this.safeEnd()) };
    return { text: this.showUpTo(trimmedEnd(this.generated, cut.at)), stop: cut.rule };
  }

  /** The model ended by itself, or ran out of tokens: what is still held and belongs to the completion. */
  end(): string {
    const tail = this.tailCut();
    return this.showUpTo(trimmedEnd(this.generated, tail ?? this.generated.length));
  }

  private showUpTo(end: number): string {
    const text = this.generated.slice(this.shown, Math.max(this.shown, end));
    this.shown = Math.max(this.shown, end);
    return text;
  }

  private findCut(): Cut | undefined {
    const cuts = [this.stopStringCut(), this.lineCut(), this.closerCut(), this.loopCut()].filter(
      (cut) => cut !== undefined,
    );
    return cuts.sort((a, b) => a.at - b.at)[0];
  }

  private stopStringCut(): Cut | undefined {
    const found = this.options.stop.map((text) => this.generated.indexOf(text)).filter((at) => at >= 0);
    return found.length > 0 ? { at: Math.min(...found), rule: 'stop_string' } : undefined;
  }

  /** The first line that must not be there. Line 0 goes on from what is typed. */
  private lineCut(): Cut | undefined {
    const { typed, maxLines } = this.options;
    const lines = this.generated.split('\n');
    let base = typed === '' ? undefined : indentWidth(typed);
    let wentDeeper = false;
    let filled = 0;
    let blanks = 0;
    let at = 0;
    for (const [index, line] of lines.entries()) {
      const isComplete = index < lines.length - 1;
      const whole = index === 0 ? typed + line : line;
      const before = at === 0 ? 0 : at - 1;
      if (!isBlank(line)) {
        if (maxLines > 0 && filled === maxLines) return { at: before, rule: 'max_lines' };
        filled++;
        if (index > 0 || isBlank(typed)) {
          const indent = indentWidth(whole);
          base ??= indent;
          if (index > 0 && indent < base) return { at: before, rule: 'dedent' };
          if (
            index > 0 &&
            indent === base &&
            wentDeeper &&
            !isBlank(typed) &&
            (isComplete || !this.mayCompleteBlock(line)) &&
            !CONTINUES_BLOCK.test(line)
          ) {
            return { at: before, rule: 'block_complete' };
          }
          wentDeeper ||= index > 0 && indent > base;
          if (isComplete && whole.trimEnd() === this.nextLine) return { at: before, rule: 'suffix_reached' };
          if (isComplete && this.headers.has(line.trim())) return { at: before, rule: 'header' };
        }
        blanks = 0;
      } else if (isComplete && index > 0 && ++blanks === 2) {
        return { at: before, rule: 'blank_lines' };
      }
      at += line.length + 1;
    }
    return undefined;
  }

  /** A bracket that nothing in the completion opened, and that stands behind the cursor already. */
  private closerCut(): Cut | undefined {
    const [first] = this.rest;
    if (first === undefined || !')]}'.includes(first)) return undefined;
    const line = this.generated.split('\n', 1)[0]!;
    const surplus = unmatchedClosers(line)[this.allowedClosers];
    return surplus !== undefined && line[surplus] === first
      ? { at: surplus, rule: 'suffix_reached' }
      : undefined;
  }

  private loopCut(): Cut | undefined {
    const at = findLoop(this.generated);
    return at === undefined ? undefined : { at, rule: 'repetition' };
  }

  /** How far the text may be shown: beyond it, a rule might still cut. */
  private safeEnd(): number {
    const text = this.generated;
    const lineStart = text.lastIndexOf('\n') + 1;
    const line = text.slice(lineStart);
    let end = trimmedEnd(text, text.length);
    const whole = lineStart === 0 ? this.options.typed + line : line;
    const isOwnLine = lineStart > 0 || isBlank(this.options.typed);
    const expected = [this.nextLine, ...this.headers].filter((each) => each !== undefined);
    const mayRepeat =
      isOwnLine &&
      expected.some((each) => each.startsWith(whole) || each.trimStart().startsWith(whole.trim()));
    if (mayRepeat || heldByLoop(text)) end = Math.min(end, trimmedEnd(text, lineStart));
    if (lineStart > 0 && this.mayCompleteBlock(line)) end = Math.min(end, trimmedEnd(text, lineStart));
    for (const each of [...this.options.stop, this.rest]) {
      end = Math.min(end, trimmedEnd(text, text.length - overlap(text, each)));
    }
    return end;
  }

  /** Whether the first word of an unfinished line, back at the start's indentation, is still being written. */
  private mayCompleteBlock(line: string): boolean {
    const { typed } = this.options;
    return !isBlank(typed) && /^\s*\w+$/.test(line) && indentWidth(line) === indentWidth(typed);
  }

  /** Where the end repeats what stands behind the cursor, wholly. */
  private tailCut(): number | undefined {
    const text = this.generated.slice(0, trimmedEnd(this.generated, this.generated.length));
    const lineStart = text.lastIndexOf('\n') + 1;
    const whole = lineStart === 0 ? this.options.typed + text : text.slice(lineStart);
    const isOwnLine = lineStart > 0 || isBlank(this.options.typed);
    if (isOwnLine && (whole === this.nextLine || this.headers.has(whole.trim())))
      return Math.max(0, lineStart - 1);
    // One character at the end is too little to call it a repetition; brackets have their own rule.
    if (this.rest.length > 1 && !')]}'.includes(this.rest[0]!) && text.endsWith(this.rest))
      return text.length - this.rest.length;
    return undefined;
  }
}

const MAX_SUFFIX_LINES = 50;

/** `end` moved back over white space. */
function trimmedEnd(text: string, end: number): number {
  return text.slice(0, end).trimEnd().length;
}

/** Length of the longest end of `text` that is a beginning of `next`. */
function overlap(text: string, next: string): number {
  for (let length = Math.min(text.length, next.length); length > 0; length--) {
    if (text.endsWith(next.slice(0, length))) return length;
  }
  return 0;
}
