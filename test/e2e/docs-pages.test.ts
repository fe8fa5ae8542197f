/* The documentation pages in a real browser, which may talk to the gateway and to nobody else. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { ApiDocument } from '../harness/api-document.ts';
import { browserAvailable, startBrowser, type TestBrowser, type VisitedPage } from '../harness/browser.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-pages-test-0123456789';
const TIMEOUT_MS = 90_000;

describe.skipIf(!browserAvailable())('in a browser', () => {
  const cleanup = new AsyncDisposableStack();
  let simulator: SimulatorProcess;
  let browser: TestBrowser;
  let gateway: GatewayProcess;
  let document: ApiDocument;

  const config = (more: object = {}) => ({
    providers: { sim: { type: 'openai-compatible', base_url: `${simulator.url}/v1` } },
    models: { 'sim-1': { targets: [{ provider: 'sim' }] } },
    services: { pricing: { urls: [simulator.url], routes: ['POST /api/v1/pricing/*'] } },
    auth: { keys: [{ name: 'pages', key: KEY }] },
    ...more,
  });

  beforeAll(async () => {
    simulator = cleanup.use(await startSimulator());
    browser = cleanup.use(await startBrowser());
    gateway = cleanup.use(await startGateway({ config: config() }));
    document = (await (await gateway.request('/openapi.json')).json()) as ApiDocument;
  }, TIMEOUT_MS);
  afterAll(() => cleanup.disposeAsync());

  const operations = () => Object.entries(document.paths).flatMap(([path, item]) => Object.keys(item).map((method) => ({ path, method })));

  /** Nothing went wrong, and nobody else was asked. */
  const expectQuiet = ({ complaints, requests }: VisitedPage, url: string) => {
    expect(complaints).toEqual([]);
    expect(requests.filter((asked) => !asked.startsWith(`${url}/`) && !/^(?:data|blob):/.test(asked))).toEqual([]);
    expect(requests.length).toBeGreaterThan(3);
  };

  test(
    '/docs shows every operation, and is quiet',
    async () => {
      await using visited = await browser.visit(gateway.url);
      const { page } = visited;
      await page.goto(`${gateway.url}/docs`);
      await page.locator('.opblock').first().waitFor();
      const shown = await page.locator('.opblock').evaluateAll((blocks) =>
        blocks.map((block) => ({
          method: block.querySelector('.opblock-summary-method')?.textContent?.toLowerCase() ?? '',
          path: block.querySelector('.opblock-summary-path')?.getAttribute('data-path') ?? '',
        })),
      );
      const sorted = (list: readonly { method: string; path: string }[]) => list.map(({ method, path }) => `${method} ${path}`).toSorted();
      expect(sorted(shown)).toEqual(sorted(operations()));
      expectQuiet(visited, gateway.url);
    },
    TIMEOUT_MS,
  );

  test(
    '/redoc shows every operation, and is quiet',
    async () => {
      await using visited = await browser.visit(gateway.url);
      const { page } = visited;
      await page.goto(`${gateway.url}/redoc`);
      await page.locator('[data-section-id^="operation/"], [data-section-id*="/operation/"]').first().waitFor();
      const titles = await page.locator('[id*="/operation/"] h2, [id^="operation/"] h2').allTextContents();
      expect(titles.length).toBe(operations().length);
      const text = await page.locator('#docs').innerText();
      for (const item of Object.values(document.paths)) for (const { summary } of Object.values(item)) expect(text).toContain(summary);
      expect(text).not.toContain('Something went wrong');
      // The search runs in a worker, which the page's policy has to allow.
      await page.locator('input[aria-label="Search"]').fill('embeddings');
      await page.locator('[data-role="search:results"] li').first().waitFor();
      expectQuiet(visited, gateway.url);
    },
    TIMEOUT_MS,
  );

  test(
    'requests can be tried out: without a key, refused for want of one, and with one',
    async () => {
      await using visited = await browser.visit(gateway.url);
      const { page } = visited;
      await page.goto(`${gateway.url}/docs`);
      const execute = async (operationId: string) => {
        const block = page.locator(`[id$="-${operationId}"].opblock`);
        if (!(await block.locator('.opblock-body').isVisible())) await block.locator('.opblock-summary-control').first().click();
        await block.locator('button.execute').click();
        const live = block.locator('.live-responses-table .response').first();
        await live.waitFor();
        await block.locator('.loading-container').waitFor({ state: 'detached' });
        return { status: (await live.locator('.response-col_status').innerText()).trim(), text: await live.innerText() };
      };
      const health = await execute('getHealth');
      expect(health.status).toStartWith('200');
      expect(health.text).toContain('"status": "healthy"');

      expect((await execute('postV1ChatCompletions')).status).toStartWith('401');
      // A browser itself complains of every reply with 401; of nothing else.
      expect(visited.complaints.filter((complaint) => !complaint.includes('401'))).toEqual([]);

      await page.locator('button.authorize').first().click();
      const dialog = page.locator('.dialog-ux .auth-container', { hasText: 'bearer' }).first();
      await dialog.locator('input').fill(KEY);
      await dialog.locator('button[type="submit"]').click();
      await page.locator('.dialog-ux button.btn-done').first().click();
      const chat = await execute('postV1ChatCompletions');
      expect(chat.status).toStartWith('200');
      expect(chat.text).toContain('"object": "chat.completion"');
      expect((await simulator.requests('/v1/chat/completions')).length).toBe(1);
      expect(visited.complaints.filter((complaint) => !complaint.includes('401'))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'where the document needs a key, both pages ask for it',
    async () => {
      await using production = await startGateway({ config: config({ server: { environment: 'production' } }) });
      for (const { path, shown } of [
        { path: '/docs', shown: '.opblock' },
        { path: '/redoc', shown: '[data-section-id*="operation/"]' },
      ]) {
        await using visited = await browser.visit(production.url);
        const { page } = visited;
        await page.goto(production.url + path);
        const field = page.locator('#key-form input');
        await field.fill('sk-wrong');
        await page.locator('#key-form button').click();
        await page.getByText('This key is not known here.').waitFor();
        await field.fill(KEY);
        await page.locator('#key-form button').click();
        await page.locator(shown).first().waitFor();
        expect(await field.isVisible()).toBe(false);
        expect(await page.evaluate(() => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)]))).not.toContain(
          KEY,
        );
        expect(visited.complaints.filter((complaint) => !complaint.includes('401'))).toEqual([]);
      }
    },
    TIMEOUT_MS,
  );

  test(
    '/ is a page that leads to the documentation',
    async () => {
      await using visited = await browser.visit(gateway.url);
      const { page } = visited;
      // The browser asks for the icon when the page is there, and drops the request when the page is left before it has come.
      const icon = page.waitForEvent('requestfinished', (request) => request.url().includes('/icon.'));
      await page.goto(`${gateway.url}/`);
      await icon;
      await page.locator('main a', { hasText: '/docs' }).click();
      await page.locator('.opblock').first().waitFor();
      expectQuiet(visited, gateway.url);
      const json = await gateway.request('/', { headers: { accept: '*/*' } });
      expect(await json.json()).toMatchObject({ name: 'Gatehouse', links: { docs: '/docs', redoc: '/redoc', openapi: '/openapi.json' } });
    },
    TIMEOUT_MS,
  );
});
