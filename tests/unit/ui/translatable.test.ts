/** Every word that stands in a view's template goes through `msg()`, so that translators find it. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const UI = fileURLToPath(new URL('../../../src/ui', import.meta.url));
/** The name of the program, and signs that are no words. */
const NO_WORDS = /^(Waystation|&nbsp;|placeholder="https:\/\/waystation\.local:7443)$/;
const SPOKEN = /\b(?:label|title|aria-label|placeholder|hint|alt)=["']?[^"'\0>]*[A-Za-z]{2,}[^"'\0>]*/g;

/** Texts between tags, and attributes that are read aloud, of every template of a source. */
function bareWords(source: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText() === 'msg') return;
    if (ts.isTaggedTemplateExpression(node) && /^(html|svg)$/.test(node.tag.getText())) {
      const { template } = node;
      const parts = ts.isNoSubstitutionTemplateLiteral(template)
        ? [template.text]
        : [template.head.text, ...template.templateSpans.map(({ literal }) => literal.text)];
      const whole = parts.join('\0').replaceAll(/<!--[\s\S]*?-->/g, '');
      const texts = whole.replaceAll(/<[^>]*>/g, ' ').split(/[\0\n]/);
      found.push(...texts, ...(whole.match(SPOKEN) ?? []));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('view.ts', source, ts.ScriptTarget.Latest, true));
  return found.map((text) => text.trim()).filter((text) => /[A-Za-z]{2,}/.test(text) && !NO_WORDS.test(text));
}

describe('the words of the views', () => {
  it('are found where they are bare, between tags and in what is read aloud', () => {
    const hole = (inside: string) => `$\{${inside}}`;
    const source = `html\`<p title="Hello">Good ${hole('name')} day</p><b>${hole("msg('Fine')")}</b>\``;
    expect(bareWords(source)).toEqual(['Good', 'day', 'title="Hello']);
  });

  const files = readdirSync(UI, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  it.each(files)('are all in msg(): %s', (name) => {
    expect(bareWords(readFileSync(`${UI}/${name}`, 'utf8'))).toEqual([]);
  });
});
