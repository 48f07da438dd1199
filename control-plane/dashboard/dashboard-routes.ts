/** The dashboard: the files of the page, what it sees live, and what it asks. */
import type { HttpAnswer, HttpHead, Routes } from '../../core/runtime/http-server.ts';
import { json } from '../../core/runtime/http-server.ts';
import { type ActionDeps, actionRoutes } from './action-routes.ts';
import { LiveEvents, type LiveDeps } from './live-events.ts';
import { pageFiles } from './page-files.ts';

export type DashboardDeps = ActionDeps & Omit<LiveDeps, 'page'>;

export function dashboardRoutes(deps: DashboardDeps): Routes {
  const { routes, version } = pageFiles();
  const live = new LiveEvents({ ...deps, page: version });
  return {
    ...routes,
    ...actionRoutes(deps),
    '/api/events': ({ query }) => live.open(query.get('pool') ?? ''),
  };
}

const NO_SUCH_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Equipoise: no such page</title>
${['colors', 'base', 'layout'].map((name) => `<link rel="stylesheet" href="/styles/${name}.css">`).join('\n')}
<main class="alone">
<h1>No such page</h1>
<p>The dashboard is one page, and beside it are /metrics, /healthz and /readyz.</p>
<p><a href="/">To the overview</a></p>
</main>
</html>
`;

/** A person gets a page, a program JSON. */
export function missingPage(routes: Routes): (head: HttpHead) => HttpAnswer {
  const paths = Object.keys(routes).filter((path) => !path.includes('.'));
  return ({ path, headers }) => {
    if (!headers.accept?.includes('text/html'))
      return json(404, { error: `there is no ${path}; there are ${paths.join(', ')}` });
    return { status: 404, contentType: 'text/html; charset=utf-8', body: NO_SUCH_PAGE };
  };
}
