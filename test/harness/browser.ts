/* A headless Chromium for tests: the system's own, with a profile that is thrown away. What it says and whom it asks is recorded. */

import { type Browser, chromium, type Page } from 'playwright-core';

/**
 * Whether a Chromium is here. For `test.skipIf(!browserAvailable())`. Throws when it is missing and GATEHOUSE_TEST_REQUIRE (a comma list)
 * names `chromium`.
 */
export function browserAvailable(): boolean {
  if (program() !== undefined) return true;
  const required = (process.env['GATEHOUSE_TEST_REQUIRE'] ?? '').split(',').map((name) => name.trim());
  if (required.includes('chromium')) throw new Error('GATEHOUSE_TEST_REQUIRE names chromium, but there is none on the PATH');
  return false;
}

function program(): string | undefined {
  return Bun.which('chromium') ?? undefined;
}

export interface VisitedPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors and warnings of the console, uncaught errors, and requests that failed. */
  readonly complaints: readonly string[];
  /** Every address that was asked for, wherever it is; what is not on `origin` never leaves the machine. */
  readonly requests: readonly string[];
}

export interface TestBrowser extends AsyncDisposable {
  /** A fresh page, without cookies or storage, that may talk to this origin alone. */
  visit(origin: string): Promise<VisitedPage>;
}

export async function startBrowser(): Promise<TestBrowser> {
  const executablePath = program();
  if (executablePath === undefined) throw new Error('there is no Chromium on the PATH');
  const browser = await chromium.launch({
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  return { visit: (origin) => visit(browser, origin), [Symbol.asyncDispose]: () => browser.close() };
}

async function visit(browser: Browser, origin: string): Promise<VisitedPage> {
  const context = await browser.newContext({ viewport: { width: 1_300, height: 900 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  page.on('request', (request) => requests.push(request.url()));
  page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}: ${request.failure()?.errorText ?? ''}`));
  await context.route(
    (url) => url.origin !== origin && url.protocol.startsWith('http'),
    (route) => route.abort(),
  );
  return { page, complaints, requests, [Symbol.asyncDispose]: () => context.close() };
}
