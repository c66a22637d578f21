import { describe, expect, it } from 'vitest';
import { openSyntax } from './index.js';

const syntax = await openSyntax();

/** `$0` in the file is the hole. */
async function cut(language: string, file: string, generated: string) {
  const [before = '', after = ''] = file.split('$0');
  return syntax.longestParseablePrefix({ before, generated, after, language });
}

const PYTHON = `import os


class Store:
    def read(self, path):
        """Reads é 😀."""
        $0

    def write(self, path):
        return os.path.join(path, "ü")


x = 1
`;

const TYPESCRIPT = `import { a } from './a';

// é 😀
export class Store {
  read(path: string): string {
    $0
  }

  write(): void {}
}
`;

interface Case {
  readonly name: string;
  readonly language: string;
  readonly file: string;
  readonly generated: string;
  readonly text: string;
  readonly lines?: number;
  readonly parseable?: boolean;
}

const CASES: readonly Case[] = [
  {
    name: 'keeps a body that is just right',
    language: 'python',
    file: PYTHON,
    generated: 'with open(path) as f:\n            return f.read()',
    text: 'with open(path) as f:\n            return f.read()',
    lines: 2,
  },
  {
    name: 'cuts off what comes after the function',
    language: 'python',
    file: PYTHON,
    generated: 'return open(path).read()\n\n    def close(self):\n        pass\n',
    text: 'return open(path).read()',
  },
  {
    name: 'cuts off what comes after the class',
    language: 'python',
    file: PYTHON,
    generated: 'return open(path).read()\n\n\ndef main():\n    Store().read("x")\n\nif __name__',
    text: 'return open(path).read()',
  },
  {
    name: 'leaves out a last statement that is not whole',
    language: 'python',
    file: PYTHON,
    generated: 'data = open(path).read()\n        return data.decode(\n            "utf',
    text: 'data = open(path).read()',
    lines: 1,
  },
  {
    name: 'leaves out a block that has not begun, though the grammar would let it pass',
    language: 'python',
    file: PYTHON,
    generated: 'data = open(path).read()\n        if data:',
    text: 'data = open(path).read()',
    lines: 1,
  },
  {
    name: 'keeps a function inside the body',
    language: 'python',
    file: PYTHON,
    generated: 'def inner():\n            return 1\n        return inner()\n    x = 2',
    text: 'def inner():\n            return 1\n        return inner()',
  },
  {
    name: 'keeps comments and blank lines inside the body',
    language: 'python',
    file: PYTHON,
    generated: '# é first\n        a = 1\n\n        # then\n        return a\n\n',
    text: '# é first\n        a = 1\n\n        # then\n        return a',
  },
  {
    name: 'falls back on indentation where nothing parses',
    language: 'python',
    file: PYTHON,
    generated: 'return ((\n        or this\n    def f(:\n',
    text: 'return ((\n        or this',
    lines: 0,
    parseable: false,
  },
  {
    name: 'keeps a body that is just right',
    language: 'typescript',
    file: TYPESCRIPT,
    generated: 'const text = `${path}`;\n    return text;',
    text: 'const text = `${path}`;\n    return text;',
    lines: 2,
  },
  {
    name: 'cuts off the brace that closes the function, and what follows',
    language: 'typescript',
    file: TYPESCRIPT,
    generated: 'return path;\n  }\n\n  close(): void {\n    this.open = false;',
    text: 'return path;',
  },
  {
    name: 'cuts off the end of the class, and what follows',
    language: 'typescript',
    file: TYPESCRIPT,
    generated: 'return path;\n  }\n}\n\nexport function f() {\n  return (',
    text: 'return path;',
  },
  {
    name: 'leaves out a block that is not closed rather than taking the brace of the file for it',
    language: 'typescript',
    file: TYPESCRIPT,
    generated: 'const a = 1;\n    if (path) {\n      return path;',
    text: 'const a = 1;',
    lines: 1,
  },
  {
    name: 'leaves out a last statement that is not whole',
    language: 'typescript',
    file: TYPESCRIPT,
    generated: 'const a = f({\n      b: 1,\n    });\n    return a.map((x) => x',
    text: 'const a = f({\n      b: 1,\n    });',
    lines: 3,
  },
  {
    name: 'cuts in an arrow function with characters of two code units around',
    language: 'javascript',
    file: 'const s = "😀😀";\nconst f = (a) => {\n  $0\n};\nconst t = "😀";\n',
    generated: 'return "😀" + a;\n};\nconst u = 1;',
    text: 'return "😀" + a;',
  },
  {
    name: 'sees past an error elsewhere in the file',
    language: 'javascript',
    file: 'const a = = 1;\n\nfunction g() { return 1; }\n\nfunction f(a) {\n  $0\n}\n',
    generated: 'return a + 1;',
    text: 'return a + 1;',
    lines: 1,
  },
  {
    name: 'cuts in Go',
    language: 'go',
    file: 'package m\n\nfunc f(a int) int {\n\t$0\n}\n\nfunc g() {}\n',
    generated: 'return a + 1\n}\n\nfunc h() {\n',
    text: 'return a + 1',
  },
];

describe('longestParseablePrefix', () => {
  it.each(CASES)('$language: $name', async ({ language, file, generated, text, lines, parseable = true }) => {
    const result = await cut(language, file, generated);
    expect(result).toMatchObject({ text, parseable, ...(lines !== undefined && { lines }) });
    expect(generated.startsWith(result!.text)).toBe(true);
  });

  it('of nothing is nothing', async () => {
    expect(await cut('python', PYTHON, '')).toEqual({ text: '', lines: 0, parseable: false });
    expect(await cut('python', PYTHON, ' \n\n  \n')).toMatchObject({ text: '', parseable: false });
  });

  it('is undefined for a language without a grammar', async () => {
    expect(await cut('klingon', 'a $0 b', 'x')).toBeUndefined();
  });

  it('ends in time when every number of lines has to be tried', async () => {
    const before = `def f():\n${'    x = g(1)\n'.repeat(20_000)}    `;
    const generated = Array(500).fill('y = ((').join('\n    ');
    const failure = await syntax
      .longestParseablePrefix({ before, generated, after: '\n', language: 'python' }, { timeoutMs: 50 })
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: 'deadline_exceeded' });
  });
});
