/*
 * Fits a request to what a dialect can say: whatever it has no word for is taken out here, and named, so that encoders neither meet it nor lose it in
 * silence. Pure; what fits already is passed on as it is.
 */

import type { ChatMessage, ChatPart, ChatRequest, ChatTool, FilePart, MediaSource, TextPart, ToolChoice } from './chat.ts';
import type { ChatAbilities, ChatFeature } from './chat-features.ts';

export interface Narrowed {
  readonly request: ChatRequest;
  /** What was taken out, each once. */
  readonly lost: readonly ChatFeature[];
  /** What will be said by something close to it, each once. */
  readonly adapted: readonly ChatFeature[];
}

/** `dialect`: the target's, whose own signatures, uploads and native parts are worth something there. */
export function narrow(request: ChatRequest, dialect: string, can: ChatAbilities): Narrowed {
  const narrowing = new Narrowing(dialect, can);
  return { request: narrowing.request(request), lost: [...narrowing.lost], adapted: [...narrowing.adapted] };
}

/** Fields that stand or fall on their own. */
const FIELDS = {
  temperature: 'temperature',
  topP: 'top-p',
  topK: 'top-k',
  minP: 'min-p',
  frequencyPenalty: 'frequency-penalty',
  presencePenalty: 'presence-penalty',
  seed: 'seed',
  stop: 'stop',
  outputTokensMax: 'output-limit',
  logProbabilities: 'log-probabilities',
  logitBias: 'logit-bias',
  user: 'user',
  metadata: 'metadata',
  serviceTier: 'service-tier',
  verbosity: 'verbosity',
  promptCacheKey: 'prompt-cache-key',
  store: 'store',
  parallelToolCalls: 'parallel-tool-calls',
} as const satisfies Partial<Record<keyof ChatRequest, ChatFeature>>;

const FIELD_ROWS = Object.entries(FIELDS) as readonly [keyof typeof FIELDS, ChatFeature][];

class Narrowing {
  readonly lost = new Set<ChatFeature>();
  readonly adapted = new Set<ChatFeature>();
  readonly #dialect: string;
  readonly #can: ChatAbilities;
  /** Names of native tools that were left out. */
  readonly #left = new Set<string>();

  constructor(dialect: string, can: ChatAbilities) {
    this.#dialect = dialect;
    this.#can = can;
  }

  /** Whether the dialect can say it; notes what becomes of it. */
  #says(feature: ChatFeature): boolean {
    const ability = this.#can[feature];
    if (ability === 'no') this.lost.add(feature);
    if (ability === 'near') this.adapted.add(feature);
    return ability !== 'no';
  }

  request(request: ChatRequest): ChatRequest {
    const fitted: { -readonly [Key in keyof ChatRequest]: ChatRequest[Key] } = { ...request };
    for (const [field, feature] of FIELD_ROWS) if (request[field] !== undefined && !this.#says(feature)) delete fitted[field];
    if (request.choices !== undefined && request.choices > 1 && !this.#says('choices')) delete fitted.choices;
    const tools = this.#tools(request.tools);
    if (tools === undefined) delete fitted.tools;
    else fitted.tools = tools;
    if (this.lost.has('native-tools') && needsNative(request, tools)) this.lost.add('native-tools-needed');
    const toolChoice = this.#toolChoice(request.toolChoice, tools);
    if (toolChoice === undefined) delete fitted.toolChoice;
    else fitted.toolChoice = toolChoice;
    if (request.output !== undefined && !this.#says(request.output.kind === 'json' ? 'json-output' : 'schema-output')) delete fitted.output;
    this.#reasoning(request, fitted);
    fitted.messages = this.#messages(request.messages);
    return fitted;
  }

  #tools(tools: readonly ChatTool[] | undefined): readonly ChatTool[] | undefined {
    const kept = tools?.flatMap((tool): ChatTool[] => {
      if (tool.kind === 'native') {
        if (tool.dialect === this.#dialect) return [tool];
        this.lost.add('native-tools');
        this.#left.add(tool.name);
        return [];
      }
      if (tool.kind === 'custom') return this.#says('custom-tools') ? [tool] : [];
      if (!this.#says('tools')) return [];
      const { strict, cache, ...plain } = tool;
      return [
        {
          ...plain,
          ...(strict === undefined || (strict && !this.#says('strict-tools')) ? {} : { strict }),
          ...(cache === undefined || !this.#says('cache-marks') ? {} : { cache }),
        },
      ];
    });
    return kept === undefined || kept.length === 0 ? undefined : kept;
  }

  #toolChoice(choice: ToolChoice | undefined, tools: readonly ChatTool[] | undefined): ToolChoice | undefined {
    if (choice === undefined || tools === undefined || choice.kind === 'auto') return tools === undefined ? undefined : choice;
    if (choice.kind === 'tool' && this.#left.has(choice.name)) return undefined;
    if (choice.kind === 'allowed') return this.#allowed(choice, tools);
    return this.#says(CHOICE_FEATURES[choice.kind]) ? choice : undefined;
  }

  /** Tools that were left out can't be allowed any more. */
  #allowed(choice: ToolChoice & { readonly kind: 'allowed' }, tools: readonly ChatTool[]): ToolChoice | undefined {
    const names = choice.names.filter((allowed) => !this.#left.has(allowed) || tools.some(({ name }) => name === allowed));
    if (names.length === 0 || !this.#says('tool-choice-allowed')) return undefined;
    return names.length === choice.names.length ? choice : { ...choice, names };
  }

  #reasoning({ reasoning }: ChatRequest, fitted: { reasoning?: ChatRequest['reasoning'] }): void {
    if (reasoning === undefined) return;
    const { enabled, effort, budget, dynamic, shown } = reasoning;
    const kept = {
      ...(enabled === undefined || !this.#says('reasoning-switch') ? {} : { enabled }),
      ...(effort === undefined || !this.#says('reasoning-effort') ? {} : { effort }),
      ...(budget === undefined || !this.#says('reasoning-budget') ? {} : { budget }),
      ...(dynamic === undefined || !this.#says('reasoning-switch') ? {} : { dynamic }),
      ...(shown === undefined || !this.#says('reasoning-shown') ? {} : { shown }),
    };
    if (Object.keys(kept).length === 0) delete fitted.reasoning;
    else fitted.reasoning = kept;
  }

  #messages(messages: readonly ChatMessage[]): readonly ChatMessage[] {
    const kept = messages.flatMap((message, index) => {
      const { name, developer, ...plain } = message;
      const parts = message.parts.flatMap((part) => this.#part(part));
      // A message that only held what can't be said says nothing any more.
      if (parts.length === 0 && message.parts.length > 0) return [];
      if (index === messages.length - 1 && message.role === 'assistant') this.#says('assistant-prefill');
      return [
        {
          ...plain,
          parts,
          ...(name === undefined || !this.#says('message-names') ? {} : { name }),
          ...(developer === undefined || !this.#says('developer-role') ? {} : { developer }),
        },
      ];
    });
    const firstTurn = kept.findIndex(({ role }) => role !== 'system');
    const isLate = (message: ChatMessage, index: number) => message.role === 'system' && firstTurn !== -1 && index > firstTurn;
    if (!kept.some(isLate) || this.#says('system-anywhere')) return kept;
    // What holds for the whole talk is said before it: of a late instruction its place is lost, not its weight.
    return [...kept.filter(({ role }) => role === 'system'), ...kept.filter(({ role }) => role !== 'system')];
  }

  #part(part: ChatPart): ChatPart[] {
    switch (part.kind) {
      case 'text':
        return [this.#unmarked(part)];
      case 'image': {
        if (!this.#carries(part.source, 'images', 'image-urls')) return [];
        const { detail, ...plain } = part;
        return [this.#unmarked(detail === undefined || !this.#says('image-detail') ? plain : part)];
      }
      case 'file': {
        const words = this.#can.files === 'no' ? textOf(part) : undefined;
        if (words !== undefined) {
          // What is text may as well be said; but it can't be cited then.
          this.adapted.add('files');
          if (part.context !== undefined) this.adapted.add('file-context');
          if (part.citable === true) this.lost.add('file-citations');
          return [this.#unmarked(words)];
        }
        if (!this.#carries(part.source, 'files', 'file-urls')) return [];
        const { context, citable, ...plain } = part;
        return [
          this.#unmarked({
            ...plain,
            ...(context === undefined || !this.#says('file-context') ? {} : { context }),
            ...(citable === undefined || (citable && !this.#says('file-citations')) ? {} : { citable }),
          }),
        ];
      }
      case 'audio':
        return this.#carries(part.source, 'audio-input', 'audio-input') ? [part] : [];
      case 'video':
        return this.#carries(part.source, 'video-input', 'video-input') ? [part] : [];
      case 'reasoning':
        return this.#thought(part);
      case 'refusal':
        // Every dialect can at least say the words.
        return [part];
      case 'tool-call':
        return this.#toolCall(part);
      case 'tool-result':
        return this.#toolResult(part);
      case 'native':
        if (part.dialect === this.#dialect) return [part];
        this.lost.add('native-parts');
        return [];
    }
  }

  #toolCall(part: ChatPart & { kind: 'tool-call' }): ChatPart[] {
    if (!this.#says(part.custom === true ? 'custom-tools' : 'tools')) return [];
    const { signature, ...plain } = part;
    return [this.#unmarked(signature === undefined || !this.#isOwn(signature.dialect) ? plain : part)];
  }

  #toolResult(part: ChatPart & { kind: 'tool-result' }): ChatPart[] {
    if (!this.#says(part.custom === true ? 'custom-tools' : 'tools')) return [];
    const { failed, parts, ...plain } = part;
    const kept = parts.flatMap((inner) => (inner.kind !== 'text' && !this.#says('tool-result-media') ? [] : this.#part(inner)));
    return [this.#unmarked({ ...plain, parts: kept, ...(failed === undefined || !this.#says('tool-result-errors') ? {} : { failed }) })];
  }

  /** A thought is worth most with the vendor's own signature; without it, where the dialect takes it, it is only text. */
  #thought(part: ChatPart & { kind: 'reasoning' }): ChatPart[] {
    const { signature, sealed: _sealed, id: _id, ...plain } = part;
    if (signature !== undefined && this.#isOwn(signature.dialect)) return [part];
    if (part.text === '' || !this.#says('reasoning-history')) {
      this.lost.add('reasoning-history');
      return [];
    }
    return [plain];
  }

  /** Another vendor's signature proves nothing here, so with it nothing is lost. */
  #isOwn(dialect: string): boolean {
    return dialect === this.#dialect && this.#says('reasoning-signatures');
  }

  #carries(source: MediaSource, data: ChatFeature, url: ChatFeature): boolean {
    if (source.kind === 'data') return this.#says(data);
    if (source.kind === 'url') return this.#says(url);
    if (source.dialect === this.#dialect && this.#can['uploaded-files'] !== 'no') return true;
    this.lost.add('uploaded-files');
    return false;
  }

  #unmarked<Part extends ChatPart & { readonly cache?: unknown }>(part: Part): Part {
    if (part.cache === undefined || this.#says('cache-marks')) return part;
    const { cache: _cache, ...plain } = part;
    return plain as Part;
  }
}

/** Whether what the caller wants can't be had without a tool that was left out: then it is better told than done without. */
function needsNative({ tools, toolChoice }: ChatRequest, kept: readonly ChatTool[] | undefined): boolean {
  if (kept === undefined) return toolChoice?.kind !== 'none';
  const isKept = (wanted: string) => kept.some(({ name }) => name === wanted) || !tools?.some(({ name }) => name === wanted);
  if (toolChoice?.kind === 'tool') return !isKept(toolChoice.name);
  return toolChoice?.kind === 'allowed' && !toolChoice.names.some(isKept);
}

/** A document that is nothing but text, as text with its name above it. */
function textOf({ source, name, context, cache }: FilePart): TextPart | undefined {
  if (source.kind !== 'data' || !source.media.startsWith('text/')) return undefined;
  const head = [name, context].filter((line) => line !== undefined);
  const body = Buffer.from(source.base64, 'base64').toString();
  const text = head.length === 0 ? body : `${head.join('\n')}\n\n${body}`;
  return { kind: 'text', text, ...(cache === undefined ? {} : { cache }) };
}

const CHOICE_FEATURES = {
  none: 'tool-choice-none',
  required: 'tool-choice-required',
  tool: 'tool-choice-named',
  allowed: 'tool-choice-allowed',
} as const satisfies Record<Exclude<ToolChoice['kind'], 'auto'>, ChatFeature>;
