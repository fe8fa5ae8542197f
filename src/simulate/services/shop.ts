/*
 * The seven AI microservices of a shop: what the routes `/api/v1/…/*` lead to. Each takes its question on the bare path and on a named
 * one, as the table in catalog.ts says.
 */
import { z } from 'zod';
import { estimateTokens } from '../text.ts';
import { asked, type Dice, limit, words } from './ask.ts';

const GOODS = [
  ['sku-1001', 'Brass compass', 'travel', 39.9],
  ['sku-1002', 'Wool blanket', 'home', 74],
  ['sku-1003', 'Harbour lantern', 'home', 58.5],
  ['sku-1004', 'Field notebook', 'paper', 12.4],
  ['sku-1005', 'Fountain pen', 'paper', 86],
  ['sku-1006', 'Canvas rucksack', 'travel', 119],
  ['sku-1007', 'Enamel mug', 'kitchen', 14.9],
  ['sku-1008', 'Cast iron pan', 'kitchen', 49],
  ['sku-1009', 'Pocket radio', 'travel', 64.9],
  ['sku-1010', 'Walnut board', 'kitchen', 34.5],
] as const;

const DAY_SECONDS = 86_400;

/** `POST /api/v1/recommendations`: goods for a user, the best first. */
export const recommend = asked(
  z.object({ user_id: words, limit: limit(50, 3), category: words.optional(), exclude: z.array(z.string()).max(1_000).default([]) }),
  ({ user_id, limit: count, category, exclude }, dice) => {
    const eligible = GOODS.filter(([id, , kind]) => !exclude.includes(id) && (category === undefined || kind === category));
    const scores = dice.some(eligible, count).map((item) => ({ item, score: dice.between(0.5, 0.99) }));
    scores.sort((left, right) => right.score - left.score);
    const recommendations = scores.map(({ item: [item_id, title, kind], score }) => ({
      item_id,
      title,
      category: kind,
      score,
      reason: dice.pick(['bought by similar users', 'goes with an earlier order', 'viewed last week']),
    }));
    return { value: { user_id, recommendations, model: 'two-tower-v3' } };
  },
);

/** `POST /api/v1/search`: documents for a query, with what they hold of it. */
export const searchGoods = asked(z.object({ query: words, limit: limit(50, 3) }), ({ query, limit: count }, dice) => {
  const terms = query.toLowerCase().split(/\s+/);
  const isHit = (title: string) => terms.some((term) => title.toLowerCase().includes(term));
  const hits = GOODS.toSorted(([, left], [, right]) => Number(isHit(right)) - Number(isHit(left))).slice(0, count);
  const results = hits.map(([id, title, category]) => ({
    id,
    title,
    category,
    snippet: dice.sentence(12),
    score: isHit(title) ? dice.between(0.8, 0.99) : dice.between(0.2, 0.6),
  }));
  return { value: { query, total: GOODS.length, results } };
});

/** `POST /api/v1/pricing`: a price for a quantity of something. */
export const quote = asked(
  z.object({ product_id: words, quantity: limit(1_000_000, 1), customer_segment: words.default('retail') }),
  ({ product_id, quantity, customer_segment }, dice) => {
    const listed = GOODS.find(([id]) => id === product_id)?.[3] ?? dice.between(10, 200);
    const discount = quantity >= 100 ? 15 : quantity >= 10 ? 8 : 0;
    const unit = money(listed * (1 - discount / 100) * dice.between(0.97, 1.03));
    return {
      value: {
        product_id,
        quantity,
        customer_segment,
        currency: 'EUR',
        list_price: listed,
        discount_percent: discount,
        unit_price: unit,
        total: money(unit * quantity),
        valid_for_seconds: 900,
      },
    };
  },
);

const INTENTS: readonly (readonly [string, RegExp, string])[] = [
  ['order_status', /order|deliver|parcel|ship|track/i, 'Your order left our warehouse and is on its way.'],
  ['refund', /refund|return|money back/i, 'You can send it back within thirty days; we refund it when it has arrived.'],
  ['opening_hours', /open|hours|when/i, 'We are open from nine to six, Monday to Saturday.'],
  ['greeting', /\b(hi|hello|hey)\b/i, 'Hello! How can I help you today?'],
];

/** `POST /api/v1/chat`: the shop's own chatbot, which knows a few intents. */
export const converse = asked(z.object({ message: words, session_id: words.optional() }), ({ message, session_id }, dice) => {
  const [intent, , reply] = INTENTS.find(([, pattern]) => pattern.test(message)) ?? ['small_talk', /^/, dice.sentence(14)];
  const value = {
    session_id: session_id ?? dice.id('session'),
    reply,
    intent,
    confidence: dice.between(0.7, 0.99),
    suggestions: dice.some(['Where is my order?', 'I want to return something', 'When are you open?', 'Talk to a person'], 2),
  };
  return { value, tokenCount: estimateTokens(reply) };
});

const SIGNS: readonly (readonly [string, number, (transaction: Transaction) => boolean])[] = [
  ['amount_unusually_high', 0.45, ({ amount }) => amount >= 5_000],
  ['country_differs_from_card', 0.3, ({ country, card_country }) => card_country !== undefined && card_country !== country],
  ['many_attempts', 0.35, ({ attempts_last_hour }) => attempts_last_hour >= 5],
];

const transaction = z.object({
  transaction_id: words,
  amount: z.number().min(0).max(1e12),
  currency: z.string().length(3).default('EUR'),
  country: z.string().length(2).default('DE'),
  card_country: z.string().length(2).optional(),
  attempts_last_hour: z.int().min(0).max(1_000_000).default(0),
});
type Transaction = z.output<typeof transaction>;

/** `POST /api/v1/fraud`: how likely a payment is a fraud, and why. */
export const scoreFraud = asked(transaction, (payment, dice) => {
  const found = SIGNS.filter(([, , applies]) => applies(payment));
  const risk = Math.min(
    0.99,
    found.reduce((sum, [, weight]) => sum + weight, dice.between(0.01, 0.15)),
  );
  return {
    value: {
      transaction_id: payment.transaction_id,
      risk_score: Math.round(risk * 100) / 100,
      decision: risk >= 0.7 ? 'decline' : risk >= 0.4 ? 'review' : 'approve',
      reasons: found.map(([name]) => name),
      model_version: 'gbm-2025-10',
    },
  };
});

/** `POST /api/v1/forecast`: demand for the next days, from what was sold or from nothing. */
export const forecastDemand = asked(
  z.object({ product_id: words, horizon_days: limit(90, 7), history: z.array(z.number().min(0).max(1e9)).max(10_000).default([]) }),
  ({ product_id, horizon_days, history }, dice) => {
    const level = history.length === 0 ? dice.between(20, 200) : history.reduce((sum, sold) => sum + sold, 0) / history.length;
    const forecast = Array.from({ length: horizon_days }, (_, day) => {
      // Weekends sell more; the farther the day, the wider the band.
      const mean = level * (1 + 0.25 * Number(day % 7 >= 5)) * dice.between(0.95, 1.05);
      const band = mean * (0.08 + 0.01 * day);
      return { day: day + 1, mean: money(mean), low: money(Math.max(0, mean - band)), high: money(mean + band) };
    });
    return { value: { product_id, horizon_days, unit: 'pieces', forecast, valid_for_seconds: DAY_SECONDS } };
  },
);

const LABELS = ['compass', 'lantern', 'blanket', 'notebook', 'mug', 'rucksack', 'harbour', 'mountain', 'bridge'];

/** `POST /api/v1/vision`: what is in a picture, and where. */
export const seePicture = asked(
  z
    .object({ image_url: z.url({ protocol: /^https?$/ }).optional(), image_base64: z.base64().min(4).optional(), top_k: limit(9, 3) })
    .refine((body) => (body.image_url === undefined) !== (body.image_base64 === undefined), 'give image_url or image_base64, one of them'),
  ({ top_k }, dice) => {
    const labels = dice.some(LABELS, top_k).map((label) => ({ label, confidence: dice.between(0.4, 0.99), box: boxOf(dice) }));
    return { value: { labels: labels.toSorted((left, right) => right.confidence - left.confidence), model: 'vit-b-16' } };
  },
);

/** Left, top, width and height as shares of the picture. */
function boxOf(dice: Dice): readonly number[] {
  return [dice.between(0, 0.4), dice.between(0, 0.4), dice.between(0.2, 0.6), dice.between(0.2, 0.6)];
}

function money(value: number): number {
  return Math.round(value * 100) / 100;
}
