import type { TokenLogprob } from './openai-shapes.ts';
import { hash } from './text.ts';

/** Log probabilities for tokens: made up, but the same for the same token, never above 0, and the chosen token the likeliest. */
export function logprobsOf(tokens: readonly string[], alternatives: number): TokenLogprob[] {
  return tokens.map((token) => {
    const logprob = -(hash(token, 0) % 1_000) / 2_000;
    const bytes = bytesOf(token);
    const others = Array.from({ length: alternatives }, (_, rank) => {
      const other = rank === 0 ? token : `${token}${rank}`;
      return { token: other, logprob: logprob - rank, bytes: bytesOf(other) };
    });
    return { token, logprob, bytes, top_logprobs: others };
  });
}

function bytesOf(text: string): number[] {
  return [...new TextEncoder().encode(text)];
}
