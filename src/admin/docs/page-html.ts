/* The pages' HTML. No script or style stands in it: all of them come from files, so the Content-Security-Policy need not allow more. */

export interface PageFiles {
  readonly styles: readonly string[];
  readonly scripts: readonly string[];
}

export interface PageInput extends PageFiles {
  readonly title: string;
  /** Path of the page, to mark it in the bar. */
  readonly path: string;
  readonly body: string;
  /** Address of the icon; undefined where the documentation is off, and then nothing leads there. */
  readonly icon: string | undefined;
}

const BAR = [
  { path: '/docs', name: 'Swagger UI' },
  { path: '/redoc', name: 'ReDoc' },
  { path: '/openapi.json', name: 'openapi.json' },
] as const;

export function pageHtml({ title, path, styles, scripts, body, icon }: PageInput): string {
  const links = (icon === undefined ? [] : BAR).map(
    (link) => `<a href="${link.path}"${link.path === path ? ' aria-current="page"' : ''}>${link.name}</a>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
${icon === undefined ? '' : `<link rel="icon" href="${icon}">\n`}${styles.map((href) => `<link rel="stylesheet" href="${href}">`).join('\n')}
</head>
<body>
<nav class="bar"><a class="name" href="/">Gatehouse</a>${links.join('')}</nav>
${body}
${scripts.map((source) => `<script src="${source}"></script>`).join('\n')}
</body>
</html>
`;
}

/** Where the document is shown, and the form for the key that it may need. */
export const DOCUMENT_BODY = `<form id="key-form" hidden>
<p>This gateway shows its documentation to those who have a key.</p>
<label>Key: <input type="password" autocomplete="off" required></label> <button type="submit">Show</button>
</form>
<p id="note" role="alert"></p>
<div id="docs"></div>
<noscript><p class="plain">This page needs JavaScript. The document itself is <a href="/openapi.json">openapi.json</a>.</p></noscript>`;

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
