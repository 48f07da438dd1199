/** The files of the page, and how it loads its styles. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pageFiles } from '../../../../control-plane/dashboard/page-files.ts';
import { missingPage } from '../../../../control-plane/dashboard/dashboard-routes.ts';
import type { HttpAnswer, HttpRequest } from '../../../../core/runtime/http-server.ts';

const { routes } = pageFiles();
const HEAD: HttpRequest = {
  method: 'GET',
  path: '/nothing',
  query: new URLSearchParams(),
  headers: { accept: 'text/html' },
  body: '',
};

async function textOf(path: string): Promise<string> {
  const route = routes[path];
  assert.ok(typeof route === 'function', `there is no ${path}`);
  const answer = (await route({ ...HEAD, path })) as HttpAnswer;
  return answer.body.toString();
}

const sheetsIn = (html: string) =>
  [...html.matchAll(/<link rel="stylesheet" href="([^"]+)"/g)].map(([, path]) => path ?? '');

describe('the style sheets of the page', () => {
  it('are all loaded before anything is shown, each once, and none loads another', async () => {
    const html = await textOf('/');
    const linked = sheetsIn(html.slice(0, html.indexOf('</head>')));
    const served = Object.keys(routes).filter((path) => path.endsWith('.css'));
    assert.deepEqual([...linked].sort(), served.sort());
    for (const path of served) assert.doesNotMatch(await textOf(path), /@import|url\(/, path);
  });

  it('are there for the page that says that there is none', () => {
    const { body } = missingPage(routes)(HEAD);
    const linked = sheetsIn(body.toString());
    assert.ok(linked.length > 0);
    for (const path of linked) assert.ok(path in routes, `there is no ${path}`);
  });
});
