/* Laws of reranking and embeddings, for every dialect that has both. */
import { cohere } from '../../src/dialects/cohere/cohere.ts';
import { jina } from '../../src/dialects/jina/jina.ts';
import { tei } from '../../src/dialects/tei/tei.ts';
import { voyage } from '../../src/dialects/voyage/voyage.ts';
import { wholeLaws } from './whole-laws.ts';

wholeLaws(cohere);
wholeLaws(jina);
wholeLaws(voyage);
// One server has one model: it knows no purposes, gives all results, and tells no usage.
wholeLaws(tei, { rerankLacks: ['top'], embedLacks: ['purpose'], withoutUsage: true });
