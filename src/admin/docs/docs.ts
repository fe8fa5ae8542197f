/*
 * The API documentation: the document of this configuration, and two pages that show it without the internet.
 *
 * The pages are the same everywhere and tell nothing about this gateway, so everyone may load them; they fetch the document, and ask for a
 * key where it needs one.
 */

import { GatewayError } from '../../base/errors.ts';
import type { Route } from '../../edge/route-table.ts';
import type { Handler } from '../../pipeline/policy.ts';
import type { DocsConfig } from '../docs-config.ts';
import { type AssetName, type Assets, createAssets } from './assets.ts';
import { DOCUMENT_BODY, pageHtml } from './page-html.ts';
import { StaticBody } from './static-reply.ts';

export interface DocsDeps {
  readonly environment: 'development' | 'production' | 'test';
  /** The document of the configuration that these routes belong to. Asked once, when it is first wanted. */
  readonly document: () => Promise<object>;
}

const ASSETS_PATH = '/docs/assets';

/** Read once for the whole process: they do not depend on the configuration. */
const assets: Assets = createAssets();

export function createDocsRoutes(config: DocsConfig, deps: DocsDeps): Route[] {
  if (!config.enabled) return [];
  const access = config.access ?? (deps.environment === 'production' ? 'key' : 'public');
  let made: Promise<StaticBody> | undefined;
  const make = async () => new StaticBody({ plain: JSON.stringify(await deps.document()) }, 'application/json; charset=utf-8');
  const openApi: Handler = async (request) => {
    const document = await (made ??= make());
    return document.reply(request.headers, { 'cache-control': 'private, no-cache' });
  };
  const shared = { methods: ['GET'], kind: 'system', dialect: 'service' } as const;
  return [
    { ...shared, pattern: '/openapi.json', access, handler: openApi, docs: async () => (await import('./page-docs.ts')).DOCUMENT_DOCS },
    {
      ...shared,
      pattern: '/docs',
      access: 'public',
      handler: page(SWAGGER),
      docs: async () => (await import('./page-docs.ts')).SWAGGER_DOCS,
    },
    { ...shared, pattern: '/redoc', access: 'public', handler: page(REDOC), docs: async () => (await import('./page-docs.ts')).REDOC_DOCS },
    {
      ...shared,
      pattern: `${ASSETS_PATH}/{file}`,
      access: 'public',
      handler: asset,
      docs: async () => (await import('./page-docs.ts')).assetDocs(assets.fileOf('swagger-ui.css')),
    },
  ];
}

/** Where a file of the pages is: for other pages that want the same looks. */
export function assetPath(name: AssetName): string {
  return `${ASSETS_PATH}/${assets.fileOf(name)}`;
}

interface DocsPage {
  readonly title: string;
  readonly path: string;
  readonly styles: readonly AssetName[];
  readonly scripts: readonly AssetName[];
  readonly policy: string;
}

/** Only what comes from here, and nothing inline; `extra` says where a page needs more. */
function policyOf(extra: { readonly style?: string; readonly worker?: string }): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self'${extra.style ?? ''}`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    ...(extra.worker === undefined ? [] : [`worker-src ${extra.worker}`]),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

const SWAGGER: DocsPage = {
  title: 'Gatehouse API',
  path: '/docs',
  styles: ['swagger-ui.css', 'page.css'],
  scripts: ['swagger-ui-bundle.js', 'document.js', 'swagger.js'],
  policy: policyOf({}),
};

const REDOC: DocsPage = {
  title: 'Gatehouse API reference',
  path: '/redoc',
  styles: ['page.css'],
  scripts: ['redoc.standalone.js', 'document.js', 'redoc.js'],
  // It writes its styles into the page, and searches in a worker made of a blob.
  policy: policyOf({ style: " 'unsafe-inline'", worker: 'blob:' }),
};

function page({ title, path, styles, scripts, policy }: DocsPage): Handler {
  let body: StaticBody | undefined;
  return async (request) => {
    body ??= new StaticBody(
      {
        plain: pageHtml({
          title,
          path,
          styles: styles.map(assetPath),
          scripts: scripts.map(assetPath),
          icon: assetPath('icon.svg'),
          body: DOCUMENT_BODY,
        }),
      },
      'text/html; charset=utf-8',
    );
    return body.reply(request.headers, { 'cache-control': 'no-cache', 'content-security-policy': policy });
  };
}

const asset: Handler = async (request) => {
  const found = assets.read(request.params?.['file'] ?? '');
  if (found === undefined) throw new GatewayError('resource_unknown', 'There is no such file');
  return found.reply(request.headers, { 'cache-control': 'public, max-age=31536000, immutable' });
};
