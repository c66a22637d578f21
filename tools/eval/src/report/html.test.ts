import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { escapeHtml, escapeJson, escapeMarkdown, Html, markup, spellOut } from './html.js';

const RLO = '\u202e';

describe('escaping', () => {
  it('leaves no markup in what is put into a template', () => {
    const text = `</script><img src=x onerror="alert('1')">&amp;`;
    expect(markup`<p title="${text}">${text}</p>`.text).toBe(
      `<p title="&lt;/script&gt;&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp;">&lt;/script&gt;&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp;</p>`,
    );
    expect(markup`<b>${new Html('<i>x</i>')}${undefined}${[1, '<']}</b>`.text).toBe('<b><i>x</i>1&lt;</b>');
  });

  it('spells out what would reorder or hide text, and only that', () => {
    expect(spellOut(`a${RLO}b\u2066c\u2069\u200b\u00ad\ufeff`)).toBe(
      'a[U+202E]b[U+2066]c[U+2069][U+200B][U+00AD][U+FEFF]',
    );
    expect(spellOut('\u0000\u001b\u007f\u0085\u2028\u{e0041}\ud800x\u3164')).toBe(
      '[U+0000][U+001B][U+007F][U+0085][U+2028][U+E0041][U+D800]x[U+3164]',
    );
    expect(spellOut('tab\t, line\r\nend\rstart, é 漢字 עברית 🙂\u00a0−')).toBe(
      'tab\t, line\nend\nstart, é 漢字 עברית 🙂\u00a0−',
    );
  });

  it('shows any text as itself to a parser', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { document } = parseHTML(`<!doctype html><html><body><p>${escapeHtml(text)}</p></body></html>`);
        expect(document.querySelectorAll('body *')).toHaveLength(1);
        expect(document.querySelector('p')?.textContent).toBe(spellOut(text));
      }),
      { numRuns: 50 },
    );
  });

  it('keeps the value of JSON', () => {
    const value = { text: `${RLO}<\u2028"\\ud800\ud800 \u{e0041}` };
    const json = escapeJson(JSON.stringify(value, null, 1));
    expect(json).not.toMatch(/[\u202e\u2028]/);
    expect(JSON.parse(json)).toEqual(value);
  });

  it('keeps Markdown table cells cells', () => {
    expect(escapeMarkdown(`a|b\n<img> \`c\` *d* [e](f) ${RLO}`)).toBe(
      'a\\|b &lt;img&gt; \\`c\\` \\*d\\* \\[e\\](f) \\[U+202E\\]',
    );
  });
});
