/** What a scanned or pasted text is said to be. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_SCANNED_LENGTH, readScanned, standingOf } from '../../../../src/ui/parts/scanned.ts';
import { clockText } from '../../../../src/ui/welcome/invite-card.ts';
import { troubleText } from '../../../../src/ui/welcome/scanned-words.ts';
import { PAGE, TestPage } from '../page.ts';

async function inviteLink(): Promise<string> {
  const { model } = await new TestPage().founded();
  return model.people.invite('reader', 3, 3_600_000);
}

function said(text: string): string {
  const scanned = readScanned(text);
  if (scanned.kind === 'invite' || scanned.kind === 'code')
    throw new Error('expected something that is no invite');
  return troubleText(scanned);
}

describe('an invite', () => {
  it('tells what it allows, for how many, until when, and where the group meets', async () => {
    const page = new TestPage();
    const { model } = await page.founded();
    const link = await model.people.invite('reader', 3, 3_600_000);
    const expiresMs = page.clock.nowMs() + 3_600_000;
    expect(readScanned(link)).toMatchObject({
      kind: 'invite',
      terms: { link, space: model.state.space, role: 'reader', uses: 3, expiresMs, hosts: ['relay.test'] },
    });
  });

  it('is found in a text that somebody wrote around it, also when a mail program broke it into lines', async () => {
    const link = await inviteLink();
    const at = PAGE.length + 200;
    const broken = `${link.slice(0, at)}\r\n${link.slice(at, at + 76)}\r\n${link.slice(at + 76)}`;
    for (const text of [`Hi! Join here: ${link} See you`, `Hi\n\n${broken}\n\nSee you soon`])
      expect(readScanned(text)).toMatchObject({ kind: 'invite', terms: { link } });
  });

  it('that a messenger cut is told apart from one that was made up', async () => {
    const link = await inviteLink();
    expect(said(link.slice(0, -40))).toContain('cut off');
    expect(said(`${PAGE}#join=`)).toContain('cut off');
    const other = `${PAGE}#join=${'A'.repeat(9_000)}`;
    expect(said(other)).not.toContain('cut off');
  });

  it('is open between the moment it was made and its end, by this device’s clock', async () => {
    const scanned = readScanned(await inviteLink());
    if (scanned.kind !== 'invite') throw new Error('expected an invite');
    const { issuedMs, expiresMs } = scanned.terms;
    expect(standingOf(scanned.terms, issuedMs)).toBe('open');
    expect(standingOf(scanned.terms, expiresMs)).toBe('open');
    expect(standingOf(scanned.terms, expiresMs + 1)).toBe('ended');
    // Two clocks that are both about right.
    expect(standingOf(scanned.terms, issuedMs - 60_000)).toBe('open');
    expect(standingOf(scanned.terms, issuedMs - 86_400_000)).toBe('from-the-future');
  });

  it('names both times when one of two clocks is a day off', async () => {
    const scanned = readScanned(await inviteLink());
    if (scanned.kind !== 'invite') throw new Error('expected an invite');
    const yesterday = clockText('from-the-future', scanned.terms, scanned.terms.issuedMs - 86_400_000);
    expect(yesterday).toContain('One of the two clocks is wrong');
    expect(clockText('ended', scanned.terms, scanned.terms.expiresMs + 86_400_000)).toContain(
      'if it is wrong, set the clock',
    );
  });
});

describe('a short code', () => {
  it.each([
    'K7QM-2F9X-RT4D',
    ' k7qm2f9xrt4d\n',
    'http://192.168.1.20:7070/#j=K7QM-2F9X-RT4D',
    'https://waystation.local:7443/j/K7QM-2F9X-RT4D',
  ])('is known however it comes: %s', (text) => {
    expect(readScanned(text)).toEqual({ kind: 'code', code: 'K7QM-2F9X-RT4D' });
  });

  it('is no whole invite, whatever is in that', async () => {
    expect(readScanned(await inviteLink()).kind).toBe('invite');
    expect(said('K7QM-2F9X-RT4')).toContain('not an invite');
  });
});

describe('another code', () => {
  it.each([
    ['https://shop.example/offer?x=1', 'web page (shop.example)'],
    ['WIFI:T:WPA;S:Hut net;P:secret;;', 'Wi-Fi network “Hut net”'],
    ['BEGIN:VCARD\nFN:Ada\nEND:VCARD', 'contact card'],
    ['mailto:ada@example.org', 'e-mail'],
    ['tel:+3581234', 'number'],
    ['geo:60.1,24.9', 'map'],
    ['4006381333931', 'text (“4006381333931”)'],
    ['   ', 'nothing in it'],
  ])('%s is called what it is', (text, words) => {
    expect(said(text)).toContain(words);
  });

  it('never shows the password of a Wi-Fi network', () => {
    const codes = ['WIFI:T:WPA;S:Hut;P:hunter2;;', 'WIFI:P:a\\;S:hunter2;S:Hut;;', 'wifi:P:hunter2;;'];
    for (const text of codes) expect(said(text)).not.toContain('hunter2');
    expect(said('WIFI:S:A\\;B\\\\;P:x;;')).toContain('“A;B\\”');
  });

  it('is shown short, on one line, and without characters that turn text around', () => {
    const shown = said(`\u202egnp.exe\u0007\n${'x'.repeat(10_000)}`);
    expect(shown).not.toMatch(/\p{C}/u);
    expect(shown.length).toBeLessThan(200);
  });

  it('is read without throwing, whatever it is and however long', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 300, unit: 'binary' }),
        fc.constantFrom('', '#join=', 'WIFI:', 'www.'),
        (text, head) => {
          expect(readScanned(head + text).kind).not.toBe('invite');
        },
      ),
    );
    expect(readScanned('#join='.repeat(MAX_SCANNED_LENGTH)).kind).toBe('broken');
    expect(readScanned(`${'x'.repeat(MAX_SCANNED_LENGTH - 40)} #join=`).kind).toBe('broken');
  });
});
