import type { Hole } from '@repoformer/dataset';
import { invalidArgument } from '@repoformer/domain';

const RAISE: Readonly<Record<string, string>> = {
  python: 'raise RuntimeError("this body is broken on purpose")',
  javascript: 'throw new Error("this body is broken on purpose");',
  typescript: 'throw new Error("this body is broken on purpose");',
  java: 'throw new RuntimeException("this body is broken on purpose");',
  csharp: 'throw new System.Exception("this body is broken on purpose");',
  go: 'panic("this body is broken on purpose")',
  rust: 'panic!("this body is broken on purpose");',
};
const ALIASES: Readonly<Record<string, string>> = {
  javascriptreact: 'javascript',
  typescriptreact: 'typescript',
};

/**
 * A body for a function hole that fails as soon as it is run. Where the truth stands in braces, so does it.
 *
 * @throws AppError invalid_argument for a language whose way to fail is not known.
 */
export function brokenBody({ language, middle }: Pick<Hole, 'language' | 'middle'>): string {
  const raise = RAISE[ALIASES[language] ?? language];
  if (raise === undefined) {
    throw invalidArgument(
      'language',
      `of ${language === '' ? 'an unknown language' : language}, functions cannot be tested.`,
    );
  }
  const text = middle.trim();
  return text.startsWith('{') && text.endsWith('}') ? `{ ${raise} }` : raise;
}
