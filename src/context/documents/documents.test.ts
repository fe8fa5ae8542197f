import { describe, expect, test } from 'bun:test';
import { rejection } from '../../../test/harness/rejection.ts';
import { displayName, extensionOf } from './file-name.ts';
import { signatureOf } from './file-signature.ts';
import { htmlToText } from './html-text.ts';
import { Slots } from './slots.ts';
import { decodeText } from './text-decoding.ts';

describe('the name that is shown', () => {
  for (const [name, given, want] of [
    ['is the last part of a path', '../../etc/passwd', 'passwd'],
    ['is the last part of a Windows path', 'C:\\Users\\ann\\notes.txt', 'notes.txt'],
    ['keeps accents, letters of all kinds and emoji', 'Über 報告 👩‍💻.md', 'Über 報告 👩‍💻.md'],
    ['has no NUL', 'a.txt\0.exe', 'a.txt.exe'],
    ['has no marks that turn the writing around', 'photo\u202egnp.exe', 'photognp.exe'],
    ['has no ends of lines', 'a\r\nSet-Cookie: x', 'aSet-Cookie_ x'],
    ['is no device', 'CON', '_CON'],
    ['is no device with an extension', 'com1.txt', '_com1.txt'],
    ['does not hide itself', '...', 'document'],
    ['is something when nothing is given', undefined, 'document'],
    ['is something when a folder is given', 'a/b/', 'document'],
    ['is well-formed', 'a\ud800.txt', 'a\ufffd.txt'],
  ] as const) {
    test(name, () => expect(displayName(given)).toBe(want));
  }

  test('keeps its extension when it is cut', () => {
    const shown = displayName(`${'長'.repeat(500)}.docx`);
    expect(Array.from(shown).length).toBe(200);
    expect(shown).toEndWith('….docx');
    expect(displayName('x'.repeat(1_000_000)).length).toBeLessThanOrEqual(200);
  });

  test('tells its extension', () => {
    expect(['a.TXT', 'a.tar.gz', '.hidden', 'none', `a.${'x'.repeat(40)}`].map(extensionOf)).toEqual(['txt', 'gz', '', '', '']);
  });
});

describe('the signature', () => {
  for (const [kind, bytes] of [
    ['pdf', '%PDF-1.4'],
    ['pdf', '\xef\xbb\xbf \r\n%PDF-1.4'],
    ['zip', 'PK\x03\x04'],
    ['opaque', 'MZ\x90\0\x03'],
    ['opaque', '\x7fELF\x02'],
    ['opaque', '\x89PNG\r\n'],
    ['opaque', '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'],
    ['perhaps-text', 'MZ was the mark of Mark Zbikowski'],
    ['perhaps-text', 'see %PDF-1.4'],
    ['perhaps-text', '#!/bin/sh\necho'],
    ['perhaps-text', ''],
  ] as const) {
    test(`of ${JSON.stringify(bytes)} is ${kind}`, () => expect(signatureOf(Buffer.from(bytes, 'latin1')).kind).toBe(kind));
  }
});

describe('decoding', () => {
  for (const { name, bytes, text, charset } of [
    { name: 'UTF-8', bytes: Buffer.from('grüße 報'), text: 'grüße 報', charset: 'utf-8' },
    { name: 'UTF-8 with its mark', bytes: Buffer.from('\ufeffa'), text: 'a', charset: 'utf-8' },
    { name: 'UTF-16, little end first', bytes: Buffer.from('\ufeffgrüße', 'utf16le'), text: 'grüße', charset: 'utf-16le' },
    { name: 'UTF-16, big end first', bytes: Buffer.from('\ufeffgrüße', 'utf16le').swap16(), text: 'grüße', charset: 'utf-16be' },
    { name: 'latin1', bytes: Buffer.from('gr\xfc\xdfe', 'latin1'), text: 'grüße', charset: 'windows-1252' },
    { name: 'the euro of windows-1252', bytes: Buffer.from([0x31, 0x80]), text: '1€', charset: 'windows-1252' },
    {
      name: 'what a page says of itself',
      bytes: Buffer.concat([Buffer.from('<meta charset="shift_jis">'), Buffer.from([0x93, 0xfa])]),
      text: '<meta charset="shift_jis">日',
      charset: 'shift_jis',
    },
  ] as const) {
    test(`takes ${name}`, () => expect(decodeText(bytes)).toEqual({ text, charset }));
  }

  for (const [name, bytes] of [
    ['zeros', Buffer.from('a\0b')],
    ['control characters', Buffer.from(Array.from({ length: 200 }, (_, index) => (index % 26) + 1))],
    ['half a pair of UTF-16', Buffer.from([0xff, 0xfe, 0x00, 0xd8, 0x41, 0x00])],
  ] as const) {
    test(`refuses ${name}`, () => expect(() => decodeText(bytes)).toThrow());
  }
});

test('a page gives what its reader sees', () => {
  const page = `<!doctype html><html><head><title>Fish &amp; chips</title><style>p{color:red}</style><script>alert("no")</script>
    <body><h1>Menu</h1><p>One  <b>two</b>&nbsp;three<br>four</p><ul><li>a<li>b</ul>
    <table><tr><th>k<th>v<tr><td>1<td>2</table><pre>  x\n   y</pre><svg><title>no</title></svg>`;
  expect(htmlToText(page)).toBe('Fish & chips\n\nMenu\n\nOne two three\nfour\n\n- a\n- b\n\nk\tv\n1\t2\n\n  x\n   y');
});

test('slots are given in turn, and whoever leaves gives up its place', async () => {
  const slots = new Slots(1);
  const leaving = new AbortController();
  const first = await slots.take(leaving.signal);
  const second = rejection(slots.take(leaving.signal));
  const third = slots.take(new AbortController().signal);
  leaving.abort(new Error('left'));
  expect(String(await second)).toBe('Error: left');
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  (await third)[Symbol.dispose]();
  (await slots.take(new AbortController().signal))[Symbol.dispose]();
});
