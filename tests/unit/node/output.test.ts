import { describe, expect, it } from 'vitest';
import { refusalText } from '../../../src/node/commands/running.ts';
import { createOutput, escapeControls, formatTable, wrapped } from '../../../src/node/output.ts';

/** Clears the screen, moves the cursor up, sets the title, turns text around; and a line that looks like another's. */
const HOSTILE = 'A\u001b[2J\u009b1A\u001b]0;x\u0007\u202eB\u2028\r\nlinked to Ridge';

function written(json: boolean) {
  const out = { stdout: '', stderr: '' };
  const output = createOutput(
    json,
    (text) => {
      out.stdout += text;
    },
    (text) => {
      out.stderr += text;
    },
  );
  return { out, output };
}

describe('what others wrote', () => {
  it('is one harmless line when it is a name', () => {
    expect(escapeControls(HOSTILE)).toMatch(/^[\x20-\x7e]+$/);
    expect(escapeControls('Hütte 👩‍🔬 山')).toBe('Hütte 👩‍🔬 山');
  });

  it('does not drive the terminal by any way out, and line feeds of the program stay', () => {
    const { out, output } = written(false);
    output.say(`two\nlines ${HOSTILE}`);
    output.event({ event: 'linked' }, HOSTILE);
    output.result({}, HOSTILE);
    for (const text of [out.stdout, out.stderr]) expect(text).toMatch(/^[\x20-\x7e\n]+$/);
    expect(out.stderr.startsWith('two\nlines A')).toBe(true);
  });

  it('is the same text to a program that reads the documents', () => {
    const { out, output } = written(true);
    output.result({ name: HOSTILE }, '');
    expect(out.stdout).toMatch(/^[\x20-\x7e]+\n$/);
    expect(JSON.parse(out.stdout)).toEqual({ name: HOSTILE });
  });

  it('stays in its row of a table', () => {
    expect(formatTable([['peer'], [HOSTILE]]).split('\n')).toHaveLength(2);
  });

  it('may be a refusal, of which little is shown', () => {
    expect(refusalText('expired')).toContain('ask for a new one');
    expect(refusalText(HOSTILE.repeat(100)).length).toBeLessThan(600);
    expect(refusalText(HOSTILE)).toMatch(/^[\x20-\x7e]+$/);
    expect(refusalText('constructor')).toBe('constructor');
  });
});

describe('a line that is longer than the terminal', () => {
  it('is broken between words, and goes on under its beginning', () => {
    expect(wrapped('one two three\n  four five six', 9)).toBe('one two\nthree\n  four\n  five\n  six');
    expect(wrapped('short', 9)).toBe('short');
  });

  it('stays whole where it has no words: a link is copied in one piece', () => {
    expect(wrapped('see http://192.168.1.20:7070/#j=ABCD now', 12)).toBe(
      'see\nhttp://192.168.1.20:7070/#j=ABCD\nnow',
    );
    expect(wrapped(`  ${'█'.repeat(20)}`, 12)).toBe(`  ${'█'.repeat(20)}`);
  });
});
