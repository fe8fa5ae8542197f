/*
 * What the older gateways' documents tell the reader to run, and what they show of the answers: the commands in their shell blocks, whole and
 * as they stand, and their JSON blocks by the heading above them.
 */

import type { Original } from './originals.ts';

/** Every command of the document's shell blocks, over as many lines as its quotes and backslashes make it. Comments are left out. */
export function commandsOf({ text }: Original): string[] {
  return [...text.matchAll(/^( *)```bash\n([^]*?)^\1```/gm)].flatMap(([, indent = '', block = '']) =>
    logicalLines(block.split('\n').map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))),
  );
}

export function isCurl(command: string): boolean {
  return /(?:^|[|;&(]\s*)curl\s/.test(command);
}

/** The program that a command begins with, or the name of the variable that it sets. */
export function programOf(command: string): string {
  return /^(?:\( *)?(?:export )?([\w./":{}[\]-]+)/.exec(command)?.[1] ?? command;
}

function logicalLines(lines: readonly string[]): string[] {
  const commands: string[] = [];
  let begun: string | undefined;
  for (const line of lines) {
    if (begun === undefined && /^\s*(?:#|$)/.test(line)) continue;
    begun = begun === undefined ? line.trimStart() : `${begun}\n${line}`;
    if (line.endsWith('\\') || hasOpenQuote(begun)) continue;
    commands.push(begun);
    begun = undefined;
  }
  if (begun !== undefined) throw new Error(`a command of the document has no end: ${begun}`);
  return commands;
}

function hasOpenQuote(command: string): boolean {
  let open: string | undefined;
  for (const character of command) {
    if (open === character) open = undefined;
    else if (open === undefined && (character === '"' || character === "'")) open = character;
  }
  return open !== undefined;
}

/** The JSON block below the heading (or the line) that contains these words. Throws when there is none, or it is no JSON. */
export function exampleOf({ preset, text }: Original, words: string): unknown {
  const from = text.split('\n').findIndex((line) => line.includes(words));
  const block = from < 0 ? undefined : /^```json\n([^]*?)^```/m.exec(text.split('\n').slice(from).join('\n'))?.[1];
  if (block === undefined) throw new Error(`the document of ${preset} shows no JSON below '${words}'`);
  return JSON.parse(block);
}
