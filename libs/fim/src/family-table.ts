import type { ModelInfo } from '@repoformer/domain';
import {
  COMMENTED_CHUNK,
  createFamily,
  literal,
  marker,
  PLAIN_CHUNK,
  type ChunkStyle,
  type Element,
  type Family,
  type FamilyOptions,
} from './family.js';

/** A row: how the family is recognised, and how it writes prompts. The first row that matches wins. */
export interface FamilyRow {
  readonly family: Family;
  /** Special tokens that must all be there. */
  readonly requires: readonly string[];
  /** Narrows further, where families share tokens: tested on architecture and the file's own name. */
  readonly named?: RegExp;
}

const psm = (prefix: string, suffix: string, middle: string): readonly Element[] => [
  marker(prefix),
  'prefix',
  marker(suffix),
  'suffix',
  marker(middle),
  'typed',
];

const spm = (prefix: string, suffix: string, middle: string): readonly Element[] => [
  marker(suffix),
  'suffix',
  marker(prefix),
  'prefix',
  marker(middle),
  'typed',
];

const row = (
  options: FamilyOptions,
  requires: readonly string[],
  extra: Omit<FamilyRow, 'family' | 'requires'> = {},
): FamilyRow => ({ family: createFamily(options), requires, ...extra });

/** Files in front of the prompt, each behind a separator token: `<sep>path\ncode`. */
const filesBefore = (
  single: readonly Element[],
  separator: string,
  head: readonly Element[],
  own: Element[],
) => ({
  elements: [...head, 'context' as const, ...own, ...single],
  chunk: { separator, template: '{path}\n{lines}\n', commented: false, order: 'best-last' as const },
});

const STARCODER = psm('<fim_prefix>', '<fim_suffix>', '<fim_middle>');
const BARRED = psm('<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>');
const ENDOFTEXT = '<|endoftext|>';

/** The paper's layout: L, R, end of the context-free part, then `<cc>` and the context, then the hole. */
const repoformer = (
  name: string,
  [prefix, suffix, middle]: readonly [string, string, string],
  { eof, cc, chunk }: { readonly eof: string; readonly cc: string; readonly chunk: ChunkStyle },
): FamilyOptions => {
  const shared = [marker(prefix), 'prefix', marker(suffix), 'suffix', marker(eof)] as const;
  const hole = [marker(middle), 'typed'] as const;
  return {
    name,
    single: [...shared, ...hole],
    defaultPlacement: 'after-suffix',
    afterSuffix: { elements: [...shared, marker(cc), 'context', ...hole], chunk },
    stops: [ENDOFTEXT, cc, eof, '<file_sep>'],
    decisionToken: cc,
  };
};

const PLAIN_MARKERS = ['<fim_prefix>', '<fim_suffix>', '<fim_middle>'] as const;
const BARRED_MARKERS = ['<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>'] as const;

const QWEN: FamilyOptions = {
  name: 'qwen2.5-coder',
  single: BARRED,
  defaultPlacement: 'after-suffix',
  repository: filesBefore(
    BARRED,
    '<|file_sep|>',
    [marker('<|repo_name|>'), literal('{repository}\n')],
    [marker('<|file_sep|>'), literal('{path}\n')],
  ),
  stops: [ENDOFTEXT, '<|fim_pad|>', '<|file_sep|>', '<|repo_name|>', '<|im_end|>', '<|cursor|>'],
};

const STARCODER2: FamilyOptions = {
  name: 'starcoder2',
  single: STARCODER,
  repository: filesBefore(
    STARCODER,
    '<file_sep>',
    [marker('<repo_name>'), literal('{repository}')],
    [marker('<file_sep>'), literal('{path}\n')],
  ),
  stops: [ENDOFTEXT, '<file_sep>'],
};

/**
 * Sources: the families' model cards and llama.cpp's infill examples. Order matters: rows that need more tokens
 * come before those that need fewer.
 */
export const FAMILY_TABLE: readonly FamilyRow[] = [
  row(
    repoformer('repoformer', PLAIN_MARKERS, {
      eof: '<eof>',
      cc: '<cc>',
      chunk: {
        separator: '<file_sep>',
        template: '{comment} {path}\n{lines}\n',
        commented: false,
        order: 'best-last',
      },
    }),
    [...PLAIN_MARKERS, '<eof>', '<cc>', '<file_sep>'],
  ),
  row(
    repoformer('repoformer-starcoder', PLAIN_MARKERS, {
      eof: '<end_rc>',
      cc: '<cfc_info>',
      chunk: COMMENTED_CHUNK,
    }),
    [...PLAIN_MARKERS, '<end_rc>', '<cfc_info>'],
  ),
  // The two tokens take over special ones that Qwen has to spare; its own vocabulary does not tell the two apart.
  row(
    repoformer('repoformer-qwen', BARRED_MARKERS, {
      eof: '<|file_sep|>',
      cc: '<|repo_name|>',
      chunk: PLAIN_CHUNK,
    }),
    [...BARRED_MARKERS, '<|file_sep|>', '<|repo_name|>'],
    { named: /repoformer-qwen/i },
  ),
  row(QWEN, ['<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>', '<|file_sep|>', '<|repo_name|>']),
  row(
    {
      name: 'codegemma',
      single: BARRED,
      repository: filesBefore(
        BARRED,
        '<|file_separator|>',
        [],
        [marker('<|file_separator|>'), literal('{path}\n')],
      ),
      stops: ['<|file_separator|>', '<eos>'],
    },
    ['<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>', '<|file_separator|>'],
  ),
  row({ name: 'granite-4', single: BARRED, stops: ['<|end_of_text|>'] }, [
    '<|fim_prefix|>',
    '<|fim_suffix|>',
    '<|fim_middle|>',
  ]),
  row(
    {
      name: 'mellum',
      single: [
        marker('<filename>'),
        literal('{path}\n'),
        ...spm('<fim_prefix>', '<fim_suffix>', '<fim_middle>'),
      ],
      defaultPlacement: 'repository',
      repository: filesBefore(
        spm('<fim_prefix>', '<fim_suffix>', '<fim_middle>'),
        '<filename>',
        [],
        [marker('<filename>'), literal('{path}\n')],
      ),
      stops: [ENDOFTEXT, '<filename>'],
    },
    ['<fim_prefix>', '<fim_suffix>', '<fim_middle>', '<filename>'],
    { named: /mellum/i },
  ),
  row(
    { name: 'refact', single: spm('<fim_prefix>', '<fim_suffix>', '<fim_middle>'), stops: [ENDOFTEXT] },
    ['<fim_prefix>', '<fim_suffix>', '<fim_middle>'],
    { named: /refact/i },
  ),
  row(STARCODER2, ['<fim_prefix>', '<fim_suffix>', '<fim_middle>', '<file_sep>', '<repo_name>']),
  row(
    {
      ...STARCODER2,
      name: 'codeqwen1.5',
      repository: filesBefore(STARCODER, '<file_sep>', [], [marker('<file_sep>'), literal('{path}\n')]),
    },
    ['<fim_prefix>', '<fim_suffix>', '<fim_middle>', '<file_sep>'],
  ),
  row(
    {
      name: 'starcoder',
      single: STARCODER,
      repository: filesBefore(
        STARCODER,
        '<filename>',
        [marker('<reponame>'), literal('{repository}')],
        [marker('<filename>'), literal('{path}\n')],
      ),
      stops: [ENDOFTEXT, '<filename>', '<reponame>'],
    },
    ['<fim_prefix>', '<fim_suffix>', '<fim_middle>', '<filename>', '<reponame>'],
  ),
  row({ name: 'stable-code', single: STARCODER, stops: [ENDOFTEXT] }, [
    '<fim_prefix>',
    '<fim_suffix>',
    '<fim_middle>',
  ]),
  // SentencePiece: the marker tokens carry the space before them, the tokenizer adds the one after.
  row({ name: 'codellama', single: psm('▁<PRE>', '▁<SUF>', '▁<MID>'), stops: ['▁<EOT>'] }, [
    '▁<PRE>',
    '▁<SUF>',
    '▁<MID>',
  ]),
  row(
    {
      name: 'deepseek-coder',
      single: psm('<｜fim▁begin｜>', '<｜fim▁hole｜>', '<｜fim▁end｜>'),
      repository: {
        elements: [
          marker('<｜fim▁begin｜>'),
          'context',
          literal('#{path}\n'),
          'prefix',
          marker('<｜fim▁hole｜>'),
          'suffix',
          marker('<｜fim▁end｜>'),
          'typed',
        ],
        chunk: { template: '#{path}\n{lines}\n', commented: false, order: 'best-last' },
      },
      stops: ['<｜end▁of▁sentence｜>', '<|EOT|>'],
    },
    ['<｜fim▁begin｜>', '<｜fim▁hole｜>', '<｜fim▁end｜>'],
  ),
  row(
    {
      name: 'codestral',
      single: [marker('[SUFFIX]'), 'suffix', marker('[PREFIX]'), 'prefix', 'typed'],
      defaultPlacement: 'repository',
      repository: {
        elements: [
          marker('[SUFFIX]'),
          'suffix',
          marker('[PREFIX]'),
          'context',
          literal('+++++ {path}\n'),
          'prefix',
          'typed',
        ],
        chunk: { template: '+++++ {path}\n{lines}\n\n', commented: false, order: 'best-last' },
      },
      stops: ['</s>'],
    },
    ['[SUFFIX]', '[PREFIX]'],
  ),
  row(
    {
      name: 'seed-coder',
      single: spm('<[fim-prefix]>', '<[fim-suffix]>', '<[fim-middle]>'),
      stops: ['<[end▁of▁sentence]>'],
    },
    ['<[fim-prefix]>', '<[fim-suffix]>', '<[fim-middle]>'],
  ),
  row(
    {
      name: 'codegeex4',
      single: [
        marker('<|user|>'),
        literal('\n###PATH:{path}\n###LANGUAGE:{language}\n###MODE:BLOCK\n'),
        marker('<|code_suffix|>'),
        'suffix',
        marker('<|code_prefix|>'),
        'prefix',
        marker('<|code_middle|>'),
        marker('<|assistant|>'),
        'typed',
      ],
      stops: [ENDOFTEXT, '<|user|>'],
    },
    ['<|user|>', '<|assistant|>', '<|code_suffix|>', '<|code_prefix|>', '<|code_middle|>'],
    { named: /codegeex/i },
  ),
  row(
    {
      name: 'glm-4.5',
      single: psm('<|code_prefix|>', '<|code_suffix|>', '<|code_middle|>'),
      stops: [ENDOFTEXT],
    },
    ['<|code_prefix|>', '<|code_suffix|>', '<|code_middle|>'],
  ),
  row(
    { name: 'falcon-h1-coder', single: psm('<|prefix|>', '<|suffix|>', '<|middle|>'), stops: [ENDOFTEXT] },
    ['<|prefix|>', '<|suffix|>', '<|middle|>'],
  ),
];

/** For models without fill-in-the-middle markers: what stands above, context as comments before it. */
export const PREFIX_ONLY: Family = createFamily({
  name: 'prefix-only',
  single: ['prefix', 'typed'],
  stops: [ENDOFTEXT],
});

/** Every family name that a configuration may ask for. */
export const FAMILY_NAMES: readonly string[] = [
  ...FAMILY_TABLE.map((entry) => entry.family.name),
  PREFIX_ONLY.name,
];

/** The first row whose tokens the model has and whose name test it passes. */
export function findFamilyRow(
  info: Pick<ModelInfo, 'specialTokens' | 'architecture' | 'metadata' | 'name'>,
): FamilyRow | undefined {
  const names = [info.architecture, info.metadata.name, info.metadata.basename, info.name].join(' ');
  return FAMILY_TABLE.find(
    ({ requires, named }) =>
      requires.every((text) => text in info.specialTokens) && (named === undefined || named.test(names)),
  );
}
