/*
 * What models want before a question and before a document. They were trained with these words, and find less without them, though nothing
 * fails; few servers add them by themselves. Sources: the models' own cards.
 */

export interface Prefixes {
  readonly document: string;
  readonly query: string;
}

const NONE: Prefixes = { document: '', query: '' };
const PASSAGES = 'Represent this sentence for searching relevant passages: ';
const INSTRUCT = 'Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:';

/** The first that matches a name in lower case counts. */
const KNOWN: readonly { readonly name: RegExp; readonly prefixes: Prefixes }[] = [
  { name: /nomic-embed|modernbert-embed|nomic.*text-v/, prefixes: { document: 'search_document: ', query: 'search_query: ' } },
  { name: /e5-(?:mistral|.*instruct)|sfr-embedding|linq-embed|gte-qwen/, prefixes: { document: '', query: `${INSTRUCT} ` } },
  { name: /qwen3?-embedding/, prefixes: { document: '', query: INSTRUCT } },
  { name: /(?:^|[/_-])e5-/, prefixes: { document: 'passage: ', query: 'query: ' } },
  { name: /arctic-embed(?:2|.*v2)/, prefixes: { document: '', query: 'query: ' } },
  { name: /arctic-embed|mxbai-embed|bge-[a-z]+-en|uae-large/, prefixes: { document: '', query: PASSAGES } },
  { name: /bge-[a-z]+-zh/, prefixes: { document: '', query: '为这个句子生成表示以用于检索相关文章：' } },
  // The name without a language is the English one's, as model servers call it: bge-m3 needs none.
  { name: /bge-(?:small|base|large)(?:$|:)/, prefixes: { document: '', query: PASSAGES } },
  { name: /embedding-?gemma/, prefixes: { document: 'title: none | text: ', query: 'task: search result | query: ' } },
  // As model servers have it; the vendor's own API is told by a field, and adds the words itself.
  { name: /jina-embeddings-v4-(?:vllm|text)/, prefixes: { document: 'Passage: ', query: 'Query: ' } },
];

/** What a model is known to need; nothing where it is not known (all-minilm, bge-m3, gte, OpenAI's, Cohere's, Gemini's and Voyage's need nothing). */
export function prefixesOf(model: string): Prefixes {
  const name = model.toLowerCase();
  return KNOWN.find((row) => row.name.test(name))?.prefixes ?? NONE;
}
