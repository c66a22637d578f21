import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

const from = (sourceTag, onlyDependOnLibsWithTags, extra = {}) => ({
  sourceTag,
  onlyDependOnLibsWithTags,
  ...extra,
});

/** domain <- contract, pure, adapter <- feature <- app; see ARCHITECTURE.md. */
const depConstraints = [
  from('layer:domain', ['layer:domain']),
  from('layer:contract', ['layer:domain']),
  from('layer:pure', ['layer:domain']),
  from('layer:adapter', ['layer:domain']),
  from('layer:feature', ['layer:domain', 'layer:pure']),
  from('app:cli', ['layer:domain', 'layer:contract', 'layer:pure', 'layer:adapter']),
  from('app:daemon', ['layer:domain', 'layer:contract', 'layer:pure', 'layer:adapter', 'layer:feature']),
  from('layer:tool', [
    'layer:tool',
    'layer:domain',
    'layer:contract',
    'layer:pure',
    'layer:adapter',
    'layer:feature',
  ]),
];

/** Packages that only the named folders may import: each outside dependency has one home. */
const cages = {
  'node-llama-cpp': ['libs/engine'],
  // The benchmark compares with it.
  'isomorphic-git': ['libs/git', 'tools/bench'],
  lmdb: ['libs/store'],
  '@vscode/tree-sitter-wasm': ['libs/syntax'],
  '@grpc/grpc-js': ['libs/protocol', 'apps/daemon', 'apps/cli', 'test'],
};

const cageRules = (folder) =>
  Object.entries(cages)
    .filter(([, homes]) => !homes.includes(folder))
    .map(([name]) => ({ name, message: `Only ${cages[name].join(', ')} may import ${name}.` }));

const folders = [
  ...['domain', 'protocol', 'fim', 'retrieval', 'policy', 'postprocess', 'config', 'git', 'store', 'engine'],
  ...['models', 'indexing', 'completion', 'metrics', 'syntax'],
].map((name) => `libs/${name}`);

const tools = ['bench', 'dataset', 'policy', 'eval', 'retrievers'].map((name) => `tools/${name}`);

const withoutNode = [
  'libs/domain',
  'libs/fim',
  'libs/retrieval',
  'libs/policy',
  'libs/postprocess',
  'libs/config',
  'libs/metrics',
];

export default tseslint.config(
  { ignores: ['**/dist', '**/gen', '**/.nx', '**/node_modules', '**/.venv', 'vendor'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.mjs'],
    plugins: { '@nx': nx },
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', Buffer: 'readonly' },
    },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: true,
          allow: ['../../vitest.shared.ts', '../vitest.shared.ts'],
          depConstraints,
        },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      eqeqeq: ['error', 'always'],
      'no-console': 'error',
    },
  },
  { files: ['tools/**', 'test/**', 'apps/cli/**'], rules: { 'no-console': 'off' } },
  ...[...folders, 'apps/daemon', 'apps/cli', ...tools].map((folder) => ({
    files: [`${folder}/src/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: cageRules(folder),
          patterns: withoutNode.includes(folder)
            ? [{ group: ['node:*'], message: 'This layer does no I/O: take a port from the domain.' }]
            : [],
        },
      ],
    },
  })),
  {
    files: ['**/*.test.ts'],
    rules: { 'no-restricted-imports': 'off' },
  },
  prettier,
);
