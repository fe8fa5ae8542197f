/* How a user wants to be answered, from now on: not what is asked for just once. */

import type { Found } from './profile-rules.ts';
import { plainValue } from './slots.ts';

/** Without one of these a request is for this time alone. */
const LASTING =
  /\b(?:always|never|from now on|in (?:the )?future|going forward|every time|each time|whenever|by default|in general|as a rule|all (?:of )?your (?:answers|replies|responses)|(?:no|not) .* any ?more|stop \w+ing|don't ever|henceforth)\b/iu;
const REQUEST =
  /^(?:(?:and|but|so|also|ok|okay|hey|hi|hello|well|actually|oh|please|kindly|just|btw|by the way|from now on|in (?:the )?future|going forward|by default|whenever [^,]+|when(?:ever)? you [^,]+|if you [^,]+)[,:]? )*(?:please |always |never |do not |don't |stop |only |just |i(?:'d| would)? (?:want|need|like|prefer|expect) (?:you|your|all your|my (?:answers|replies)|answers|replies) |you (?:should|must|can|may|need to|have to) |make sure |remember to |try to |keep |use |answer |reply |respond |write |speak |talk |call |address |explain |include |avoid |give |be |format |cite |assume |skip |start |end |sign )/iu;
const ABOUT_ANSWERS =
  /\b(?:answer|answers|reply|replies|respond|responses?|speak|talk|explain|format|bullet points?|emojis?|tone|language|english|german|french|spanish|italian|units?|metric|celsius|concise|brief|short|detailed|step by step|code comments?|summary|summaries|jargon|examples?|sources|formal|informal|call me|address me|markdown|tables?|type hints?|your (?:style|messages|output|writing))\b/iu;
const CALL_ME = /\b(?:call|address|refer to) me (?:as |by )?(?<value>"?\p{Lu}[\p{L}'’ -]{0,40}|by my [\p{L} ]+)/iu;
const WANT_ANSWERS =
  /\bi(?:'d)? (?:always |really |usually |generally )?(?:want|prefer|like|need|expect|would like|would prefer|love) (?:my |your |the |all |to get |to have |to receive )*(?:[\w-]+,? (?:and )?)*(?:answers|replies|responses|explanations|summaries|feedback|recommendations|instructions)\b/iu;
const NO_LASTING =
  /\b(?:this (?:one|time|sentence|text|paragraph|email|code)|the (?:next|second|first|last|following|above) \w+|again|now)\b/iu;

/** The lasting instruction that a sentence gives; undefined: it gives none. */
export function instructionOf(sentence: string): Found | undefined {
  const name = CALL_ME.exec(sentence)?.groups?.['value'];
  if (name !== undefined && REQUEST.test(sentence) && !/\b(?:later|back|when|tomorrow|if)\b/iu.test(name)) {
    return { kind: 'instruction', attribute: 'form of address', value: plainValue(name), importance: 0.9 };
  }
  if (WANT_ANSWERS.test(sentence))
    return {
      kind: 'instruction',
      attribute: 'style of answers',
      value: plainValue(sentence),
      ends: ['@style of answers'],
      importance: 0.85,
    };
  if (!REQUEST.test(sentence) || !ABOUT_ANSWERS.test(sentence)) return undefined;
  if (!LASTING.test(sentence) || NO_LASTING.test(sentence.replace(/\b(?:from now on|any ?more)\b/giu, ''))) return undefined;
  const language =
    /\bin (?<value>english|german|french|spanish|italian|portuguese|dutch|polish|russian|turkish|arabic|chinese|japanese|korean|hindi|swedish|norwegian|danish|finnish|greek|czech|ukrainian)\b/iu.exec(
      sentence,
    )?.groups?.['value'];
  if (language !== undefined)
    return { kind: 'instruction', attribute: 'language of answers', value: language.toLowerCase(), importance: 0.9 };
  return { kind: 'instruction', attribute: 'instruction', importance: 0.85 };
}
