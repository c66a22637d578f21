import { AppError } from '@repoformer/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_TEXT_CHARS, openSyntax, type SyntaxTree, type TextRange } from './index.js';

const syntax = await openSyntax();

async function parse(text: string, language: string): Promise<SyntaxTree> {
  const tree = await syntax.parse(text, language);
  if (!tree) throw new Error(`no tree for ${language}`);
  return tree;
}

const cut = (text: string, { start, end }: TextRange) => text.slice(start, end);

/** One function of each language in the same shape: a class or module, a method, a call, a string, a comment. */
const SAMPLES: readonly {
  readonly languages: readonly string[];
  readonly text: string;
  readonly functions: readonly (readonly [name: string, body: string])[];
  readonly calls: readonly (readonly [callee: string, args: string])[];
  readonly definitions: readonly string[];
  readonly imports: readonly string[];
}[] = [
  {
    languages: ['python'],
    text: [
      'from a import b',
      'class Box:',
      '    def put(self, x: str = "}") -> None:',
      '        """Docs."""',
      '        # first',
      '        a.b(x)(1)',
      '        return self.f[0](x)',
      '',
      'def last(): pass',
    ].join('\n'),
    functions: [
      ['put', '# first\n        a.b(x)(1)\n        return self.f[0](x)'],
      ['last', 'pass'],
    ],
    calls: [
      ['', '(1)'],
      ['b', '(x)'],
      ['', '(x)'],
    ],
    definitions: ['class Box', 'method put', 'function last'],
    imports: ['from a import b'],
  },
  {
    languages: ['javascript', 'javascriptreact', 'typescript', 'typescriptreact'],
    text: [
      'import { a } from "b";',
      'class Box { put(x) { return new C.D(x); } #own = () => { f(1); }; }',
      'const g = async (x) => {',
      '  // é first',
      '  await a?.b(x);',
      '};',
      'exports.h = function () {};',
      'const o = { k() { }, l: (y) => y };',
    ].join('\n'),
    functions: [
      ['put', 'return new C.D(x);'],
      ['#own', 'f(1);'],
      ['g', '// é first\n  await a?.b(x);'],
      ['h', ''],
      ['k', ''],
      ['l', 'y'],
    ],
    calls: [
      ['D', '(x)'],
      ['f', '(1)'],
      ['b', '(x)'],
    ],
    definitions: [
      'class Box',
      'method put',
      'method #own',
      'function g',
      'function h',
      'function k',
      'function l',
    ],
    imports: ['import { a } from "b";'],
  },
  {
    languages: ['typescript', 'typescriptreact'],
    text: 'interface I {}\ntype T = I;\nenum E {}\nabstract class A<T> { m(): void { this.g<T>(1); } }',
    functions: [['m', 'this.g<T>(1);']],
    calls: [['g', '(1)']],
    definitions: ['type I', 'type T', 'type E', 'class A', 'method m'],
    imports: [],
  },
  {
    languages: ['go'],
    text: 'package m\nimport "fmt"\ntype T struct{}\nfunc (t *T) M(a int) int {\n\tfmt.Print(a)\n\treturn f(1)\n}\n',
    functions: [['M', 'fmt.Print(a)\n\treturn f(1)']],
    calls: [
      ['Print', '(a)'],
      ['f', '(1)'],
    ],
    definitions: ['type T', 'method M'],
    imports: ['package m', 'import "fmt"'],
  },
  {
    languages: ['go'],
    text: 'package m\ntype I interface {\n\tDo(x int) error\n}\nfunc g[T any](x T) {\n\tf[int](x)\n\tp.F[int, string](1)\n\th([]byte("x"))\n}\n',
    functions: [['g', 'f[int](x)\n\tp.F[int, string](1)\n\th([]byte("x"))']],
    calls: [
      ['f', '(x)'],
      ['F', '(1)'],
      ['h', '([]byte("x"))'],
      ['', '("x")'],
    ],
    definitions: ['type I', 'method Do', 'function g'],
    imports: ['package m'],
  },
  {
    languages: ['rust'],
    text: 'use a::b;\nstruct S;\nimpl S {\n  fn f(&self) -> u8 {\n    self.g::<u8>(1);\n    a::b(2);\n    log!("x")\n  }\n}\n',
    functions: [['f', 'self.g::<u8>(1);\n    a::b(2);\n    log!("x")']],
    calls: [
      ['g', '(1)'],
      ['b', '(2)'],
      ['log', '("x")'],
    ],
    definitions: ['class S', 'method f'],
    imports: ['use a::b;'],
  },
  {
    languages: ['rust'],
    text: 'union U { a: u8 }\ntrait T {\n  fn sig(&self);\n  fn def(&self) { self.sig() }\n}\nextern "C" { fn ext(x: u8); }\n',
    functions: [['def', 'self.sig()']],
    calls: [['sig', '()']],
    definitions: ['class U', 'type T', 'method sig', 'method def', 'function ext'],
    imports: [],
  },
  {
    languages: ['java'],
    text: 'package p;\nimport a.b;\nclass A {\n  A() { this(1); }\n  void m(int x) { foo.bar(1); new B<C>(x); }\n}\n',
    functions: [
      ['A', 'this(1);'],
      ['m', 'foo.bar(1); new B<C>(x);'],
    ],
    calls: [
      ['this', '(1)'],
      ['bar', '(1)'],
      ['B', '(x)'],
    ],
    definitions: ['class A', 'method A', 'method m'],
    imports: ['package p;', 'import a.b;'],
  },
  {
    languages: ['java'],
    text: '@interface N {}\nrecord P(int x) {\n  P { check(x); }\n}\nclass A {\n  Object o = f(new p.q.B(1), new C.D<String>(2));\n}\n',
    functions: [['P', 'check(x);']],
    calls: [
      ['check', '(x)'],
      ['f', '(new p.q.B(1), new C.D<String>(2))'],
      ['B', '(1)'],
      ['D', '(2)'],
    ],
    definitions: ['type N', 'class P', 'method P', 'class A'],
    imports: [],
  },
  {
    languages: ['c', 'cpp'],
    text: '#include <a>\nstruct S { int x; };\nint *f(int x) {\n  g(x);\n  return s->h(1);\n}\n',
    functions: [['f', 'g(x);\n  return s->h(1);']],
    calls: [
      ['g', '(x)'],
      ['h', '(1)'],
    ],
    definitions: ['class S', 'function f'],
    imports: ['#include <a>\n'],
  },
  {
    languages: ['csharp'],
    text: 'using S;\nclass A {\n  void M(int x) { a.B(1); new C<int>(x); a?.D<int>(3); }\n}\n',
    functions: [['M', 'a.B(1); new C<int>(x); a?.D<int>(3);']],
    calls: [
      ['B', '(1)'],
      ['C', '(x)'],
      ['D', '(3)'],
    ],
    definitions: ['class A', 'method M'],
    imports: ['using S;'],
  },
  {
    languages: ['ruby'],
    text: 'class A\n  def m(x)\n    a.b(x)\n    foo(1)\n  end\nend\n',
    functions: [['m', 'a.b(x)\n    foo(1)']],
    calls: [
      ['b', '(x)'],
      ['foo', '(1)'],
    ],
    definitions: ['class A', 'method m'],
    imports: [],
  },
  {
    languages: ['php'],
    text: '<?php\nuse B\\C;\nclass K {\n  function m($x) { $a->b(1); C::d(2); new E(3); g($x); }\n}\n',
    functions: [['m', '$a->b(1); C::d(2); new E(3); g($x);']],
    calls: [
      ['b', '(1)'],
      ['d', '(2)'],
      ['E', '(3)'],
      ['g', '($x)'],
    ],
    definitions: ['class K', 'method m'],
    imports: ['use B\\C;'],
  },
];

describe('what a tree tells', () => {
  for (const { languages, text, functions, calls, definitions, imports } of SAMPLES) {
    it.each(languages)('%s', async (language) => {
      const tree = await parse(text, language);
      expect(tree.errors()).toEqual([]);
      expect(tree.functions().map(({ name, body }) => [name, cut(text, body)])).toEqual(functions);
      expect(tree.calls().map((call) => [call.callee, cut(text, call.arguments)])).toEqual(calls);
      expect(tree.definitions().map(({ kind, name }) => `${kind} ${name}`)).toEqual(definitions);
      expect(tree.imports().map((range) => cut(text, range))).toEqual(imports);
    });
  }

  it('gives offsets in UTF-16 code units and lines from 0', async () => {
    const text = '# 😀 é\nname = "😀"\ndef f():\n    # é\n    return g("😀", 1)  # ü\n';
    const tree = await parse(text, 'python');
    expect(tree.comments().map((range) => cut(text, range))).toEqual(['# 😀 é', '# é', '# ü']);
    expect(tree.strings().map((range) => cut(text, range))).toEqual(['"😀"', '"😀"']);
    expect(tree.calls().map((call) => [call.callee, cut(text, call), cut(text, call.arguments)])).toEqual([
      ['g', 'g("😀", 1)', '("😀", 1)'],
    ]);
    expect(tree.functions()).toMatchObject([{ startLine: 2, endLine: 5 }]);
  });

  it('knows which calls say on what they are made', async () => {
    const tree = await parse('f(1); a.f(1); new F(1); new a.F(1)', 'javascript');
    expect(tree.calls().map(({ qualified }) => qualified)).toEqual([false, true, false, true]);
    const java = await parse('class A { void m() { f(1); a.f(1); } }', 'java');
    expect(java.calls().map(({ qualified }) => qualified)).toEqual([false, true]);
  });

  it('finds errors where they are', async () => {
    const text = 'function a() { return 1; }\nfunction b() { return (; }\n';
    const tree = await parse(text, 'javascript');
    expect(tree.hasError()).toBe(true);
    expect(tree.hasError({ start: 0, end: text.indexOf('\n') - 1 })).toBe(false);
    expect(tree.hasError({ start: text.indexOf('b()'), end: text.length })).toBe(true);
  });

  it('takes an empty block of Python for the error it is', async () => {
    expect((await parse('def f():\n    if x:\n', 'python')).hasError()).toBe(true);
    expect((await parse('def f():\n    if x:\n        y\n', 'python')).hasError()).toBe(false);
  });

  it('has no tree for a language that it does not know', async () => {
    expect(await syntax.parse('x', 'klingon')).toBeUndefined();
    expect(syntax.languages).toContain('python');
  });
});

describe('text that nobody wrote', () => {
  it.each(['python', 'typescript', 'javascript'])('%s nested very deep has a tree', async (language) => {
    const depth = 20_000;
    for (const text of [
      `x = ${'('.repeat(depth)}1${')'.repeat(depth)}`,
      'f('.repeat(depth),
      'a.b('.repeat(depth) + ')'.repeat(depth),
      `x = ${'['.repeat(depth)}`,
    ]) {
      expect(await syntax.parse(text, language, { timeoutMs: 60_000 })).toBeDefined();
    }
  });

  it('is given up when its time has passed, and the next text is parsed', async () => {
    const text = 'x = f(1)\n'.repeat(100_000);
    const failure = await syntax.parse(text, 'python', { timeoutMs: 1 }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AppError);
    expect(failure).toMatchObject({ kind: 'deadline_exceeded', reason: 'DEADLINE_EXCEEDED' });
    expect((await parse('f(1)', 'python')).calls()).toHaveLength(1);
  });

  it('is refused when it is too long', async () => {
    await expect(syntax.parse('x'.repeat(MAX_TEXT_CHARS + 1), 'python')).rejects.toMatchObject({
      kind: 'resource_exhausted',
    });
  });

  it('gives ranges inside the text, in order, whatever it is', async () => {
    const piece = fc.constantFrom(
      'def f():',
      '\n    ',
      '"',
      "'''",
      '#',
      '(',
      ')',
      '{',
      '}',
      '😀',
      '\ud800',
      'x',
      '=',
      '\0',
      '\r',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 60 }),
        fc.constantFrom('python', 'typescript', 'go', 'ruby', 'php'),
        async (pieces, language) => {
          const text = pieces.join('');
          const tree = await parse(text, language);
          for (const list of [tree.comments(), tree.strings(), tree.imports(), tree.errors()]) {
            for (const { start, end } of list) {
              expect(start).toBeLessThanOrEqual(end);
              expect(end).toBeLessThanOrEqual(text.length);
            }
          }
          for (const { start, end, body } of tree.functions()) {
            expect(start).toBeLessThanOrEqual(body.start);
            expect(body.start).toBeLessThanOrEqual(body.end);
            expect(body.end).toBeLessThanOrEqual(end);
          }
          const ends = tree.strings().map(({ end }) => end);
          tree.strings().forEach(({ start }, index) => {
            if (index > 0) expect(start).toBeGreaterThanOrEqual(ends[index - 1]!);
          });
        },
      ),
      { numRuns: 150 },
    );
  });

  it('leaves nothing behind: a thousand parses need no more memory than a hundred', async () => {
    const text = `def f(a):\n    return g(a, "b")  # c\n`.repeat(40);
    const parseMany = async (count: number) => {
      for (let i = 0; i < count; i++) await parse(text, 'python');
    };
    await parseMany(100);
    // The memory of a WebAssembly module never shrinks, so a leak of trees shows as growth.
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().external;
    await parseMany(1_000);
    const after = process.memoryUsage().arrayBuffers + process.memoryUsage().external;
    expect(after - before).toBeLessThan(4_000_000);
  });
});
