/*
 * The rates that docs/guides/screening.md states, on the samples in test/screening: what is caught of attacks, and what is said of people
 * who write honestly. A change that moves a rate has to change the guide, too.
 */
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { isSqlInjection } from './sql-injection.ts';
import { textForms } from './text-forms.ts';
import { isXss } from './xss.ts';

const SAMPLES = join(import.meta.dir, '../../../test/screening');
const CHECKS = { 'SQL injection': isSqlInjection, 'cross-site scripting': isXss } as const;

async function sample(name: string, separator = '\n'): Promise<string[]> {
  const text = await Bun.file(join(SAMPLES, `${name}.txt`)).text();
  return text.split(separator).filter((piece) => piece.trim() !== '');
}

const sees = (detects: (text: string) => boolean) => (text: string) => textForms(text).some((form) => detects(form));

interface Disguise {
  readonly name: string;
  readonly wear: (attack: string) => string;
  /** Share of the attacks that it may spoil. */
  readonly spoilt?: number;
}

/** What a caller may do to an attack without spoiling it. */
const DISGUISES: readonly Disguise[] = [
  { name: 'as it is', wear: (attack) => attack },
  // Script is not the same in capital letters, nor is an escape; tags and SQL are.
  {
    name: 'in capital letters',
    wear: (attack) => (/[%\\&]|^[^<]*(?:alert|prompt|confirm|eval|location)/.test(attack) ? attack : attack.toUpperCase()),
  },
  { name: 'percent-encoded', wear: encodeURIComponent },
  { name: 'percent-encoded twice', wear: (attack) => encodeURIComponent(encodeURIComponent(attack)) },
  { name: 'in the escapes of JSON', wear: (attack) => attack.replaceAll(/[<>'"=]/g, unicodeEscape), spoilt: 0.02 },
  { name: 'in entities', wear: (attack) => attack.replaceAll(/[<>'"=(]/g, (character) => `&#${character.charCodeAt(0)};`), spoilt: 0.02 },
  {
    name: 'in full-width letters',
    wear: (attack) => (/[%\\&]/.test(attack) ? attack : attack.replaceAll(/[<>'"=a-z]/gi, fullWidth)),
    spoilt: 0.02,
  },
];

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function fullWidth(character: string): string {
  return String.fromCharCode(character.charCodeAt(0) + 0xfe_e0);
}

/** Known, and told in the guide: browsers of today do not run it. */
const PASSES = new Set(['<BODY onload!#$%&()*~+-_.,:;?@[/|\\]^`=alert("XSS")>']);

describe('attacks are seen', () => {
  for (const { file, check } of [
    { file: 'attacks-sql', check: 'SQL injection' },
    { file: 'attacks-xss', check: 'cross-site scripting' },
  ] as const) {
    for (const { name, wear, spoilt = 0 } of DISGUISES) {
      test(`${file}, ${name}`, async () => {
        const attacks = (await sample(file)).filter((attack) => !PASSES.has(attack));
        expect(attacks.length).toBeGreaterThan(200);
        const missed = attacks.filter((attack) => !sees(CHECKS[check])(wear(attack)));
        // Some attacks are themselves written in an encoding, which a second one spoils.
        expect(missed.slice(Math.floor(attacks.length * spoilt))).toEqual([]);
      });
    }
  }

  test('SQL in every place where a value may stand, with every way out of it', () => {
    const tails = [
      'or 1=1',
      "or 'a'='a'",
      'and 1=2',
      'union select 1,2',
      'union all select null,null from users',
      'and sleep(5)',
      'order by 3',
    ];
    const missed = ['', "'", '"'].flatMap((quote) =>
      ['', ')', '))'].flatMap((closer) =>
        ['1', 'admin', ''].flatMap((head) =>
          tails.flatMap((tail) =>
            ['-- ', '#', '/*'].map((end) => `${head}${quote}${closer} ${tail}${end}`).filter((attack) => !isSqlInjection(attack)),
          ),
        ),
      ),
    );
    // A word and a clause, without a quote, are prose until more is said.
    expect(missed.filter((attack) => !/^(?:admin)?\)* (?:union|order)/.test(attack))).toEqual([]);
  });
});

describe('honest text is let alone', () => {
  for (const { file, separator, least } of [
    { file: 'honest-messages', separator: '\n', least: 90 },
    { file: 'honest-prose', separator: '\n%%\n', least: 900 },
    { file: 'honest-code', separator: '\n%%\n', least: 270 },
  ]) {
    for (const [check, detects] of Object.entries(CHECKS)) {
      test(`${file}: no false alarm of ${check}`, async () => {
        const texts = await sample(file, separator);
        expect(texts.length).toBeGreaterThanOrEqual(least);
        expect(texts.filter(sees(detects))).toEqual([]);
      });
    }
  }

  test('HTML that runs script is no false alarm: it cannot be told from an attack', () => {
    expect(isXss('How do I fix <button onclick="save()">Save</button>?')).toBe(true);
    expect(isXss('How do I fix <button type="submit">Save</button>?')).toBe(false);
  });
});

describe('work is bounded', () => {
  // A quadratic step would take hours at this size, and fail by the time that a test may take.
  const LENGTH = 1_048_576;
  const UNITS = (
    "<a |<a b='|<a b=\"<a\" |<!|''|' |/*|*/|--\n|1 or |' or '|(|<|a=b |javascript:|alert |' alert|&#x|&#x41;|%25|\\u003c|＜|<script |<script>|" +
    "<style>|onx=|1,|@@a |[|`|' or 1=1 or |' union select 1,|case when |f(|x.y.|<a style=\"/*|constructor[|](|data: |it's |<svg><set to="
  ).split('|');
  for (const lead of ['', "' ", '"']) {
    test(`after ${JSON.stringify(lead)}, whatever is repeated`, () => {
      for (const unit of UNITS) {
        const text = lead + unit.repeat(Math.ceil(LENGTH / unit.length));
        isSqlInjection(text);
        isXss(text);
        expect(textForms(text).length).toBeLessThanOrEqual(6);
      }
    }, 60_000);
  }

  test('with long runs of space in between', () => {
    for (const unit of ["' or", '<a', 'onload', 'alert', 'javascript:', '<style>x{expression', "'x' alert", '1']) {
      const text = `${unit}${' '.repeat(LENGTH)}x`;
      isSqlInjection(text);
      isXss(text);
    }
  }, 60_000);
});
