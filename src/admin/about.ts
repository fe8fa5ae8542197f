import type { Route } from '../edge/route-table.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { Reply } from '../pipeline/reply.ts';
import { escapeHtml, pageHtml } from './docs/page-html.ts';
import { jsonReply } from './json-reply.ts';

export interface AboutDeps {
  readonly serviceName: string;
  readonly version: string;
  /** Paths worth knowing, by what they are. */
  readonly links: Readonly<Record<string, string>>;
  /** Whether a path answers to GET, so that a browser may be led there. */
  readonly isPage: (path: string) => boolean;
  /** Address of a file of the documentation pages; absent where they are off. */
  readonly assetPath?: ((name: 'page.css' | 'icon.svg') => string) | undefined;
}

/** `/`: what answers here, and where to go on. JSON, or a page for browsers. */
export function createAboutRoute(deps: AboutDeps): Route {
  const json = jsonReply(200, {
    name: 'Gatehouse',
    service: deps.serviceName,
    version: deps.version,
    description: DESCRIPTION,
    status: 'running',
    links: deps.links,
  });
  const about = { ...json, headers: { ...json.headers, vary: 'Accept' } };
  let page: Reply | undefined;
  const handler: Handler = async (request) => (wantsHtml(request.headers.get('accept')) ? (page ??= aboutPage(deps)) : about);
  const docs = async () => (await import('./about-docs.ts')).ABOUT_DOCS;
  return { pattern: '/', methods: ['GET'], kind: 'system', access: 'public', dialect: 'service', handler, docs };
}

const DESCRIPTION = 'AI gateway: one front door to models and AI services.';

/** Browsers name HTML first of all; programs take anything, or name JSON. */
function wantsHtml(accept: string | null): boolean {
  return accept !== null && /^\s*(?:text\/html|application\/xhtml\+xml)\s*(?:[,;]|$)/i.test(accept);
}

function aboutPage({ serviceName, version, links, isPage, assetPath }: AboutDeps): Reply {
  const rows = Object.entries(links).map(([name, path]) => {
    const shown = `<code>${escapeHtml(path)}</code>`;
    const cell = isPage(path) ? `<a href="${escapeHtml(path)}">${shown}</a>` : shown;
    return `<tr><th scope="row">${escapeHtml(name.replaceAll('_', ' '))}</th><td>${cell}</td></tr>`;
  });
  const body = `<main class="plain">
<h1>${escapeHtml(serviceName)}</h1>
<p>${DESCRIPTION} Gatehouse ${escapeHtml(version)} is running.</p>
<table>${rows.join('\n')}</table>
</main>`;
  const styles = assetPath === undefined ? [] : [assetPath('page.css')];
  return {
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', vary: 'Accept' },
    body: pageHtml({ title: serviceName, path: '/', icon: assetPath?.('icon.svg'), styles, scripts: [], body }),
  };
}
