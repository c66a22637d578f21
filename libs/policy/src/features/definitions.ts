/** Languages that share a way of importing and defining. */
export type LanguageFamily = 'python' | 'javascript' | 'other';

const JAVASCRIPT = new Set([
  'javascript',
  'javascriptreact',
  'typescript',
  'typescriptreact',
  'vue',
  'svelte',
]);

export function familyOf(language: string): LanguageFamily {
  if (language === 'python') return 'python';
  return JAVASCRIPT.has(language) ? 'javascript' : 'other';
}

/**
 * What defines a name, by family: the name is the first group. Rough on purpose: they run on fragments that no
 * parser accepts. Every repetition is bounded, so that hostile text costs little.
 */
const DEFINITIONS: Readonly<Record<LanguageFamily, readonly RegExp[]>> = {
  python: [
    /^[ \t]{0,40}(?:async[ \t]{1,8})?(?:def|class)[ \t]{1,8}(\w{1,120})/gm,
    /^[ \t]{0,40}(?:self\.|cls\.)?(\w{1,120})[ \t]{0,8}(?::[^=\n]{1,120})?=(?!=)/gm,
  ],
  javascript: [
    /\b(?:function\*?|class|interface|type|enum|const|let|var|namespace)[ \t]{1,8}(\w{1,120})/g,
    /^[ \t]{0,40}(?:(?:public|private|protected|static|async|readonly|abstract|override|get|set)[ \t]{1,8}){0,4}(\w{1,120})(?:<[^>\n]{0,80}>)?\([^\n]{0,240}\{[ \t]{0,8}$/gm,
    /^[ \t]{0,40}(?:(?:public|private|protected|static|readonly|declare)[ \t]{1,8}){0,4}#?(\w{1,120})[?!]?[ \t]{0,8}[:=](?![:=])/gm,
  ],
  other: [
    /\b(?:func|fn|struct|enum|trait|type|class|interface|record|object|def|module|mod|const|static|let|var|val|typedef|fun|protocol|extension|message)[ \t]{1,8}(?:\([^)\n]{0,80}\)[ \t]{0,8})?(?:mut[ \t]{1,8})?(\w{1,120})/g,
    /\b(\w{1,120})[ \t]{0,8}\([^;{}\n]{0,240}\)[^;{}\n]{0,80}\{[ \t]{0,8}$/gm,
  ],
};

/** The names that a text defines, as far as its lines show; keywords may be among them. */
export function definedNames(text: string, family: LanguageFamily): Set<string> {
  const names = new Set<string>();
  for (const pattern of DEFINITIONS[family]) {
    for (const match of text.matchAll(pattern)) names.add(match[1]!);
  }
  return names;
}
