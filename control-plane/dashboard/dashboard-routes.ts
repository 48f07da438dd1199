/** All routes of the dashboard: the files of the page, its live stream and its JSON endpoints. */
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
    '/api/events': ({ query }) => live.open(query.get('page') ?? ''),
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
<p>The dashboard is a single page. This address also serves /metrics, /healthz and /readyz.</p>
<p><a href="/">Go to the overview</a></p>
</main>
</html>
`;

/** Browsers get an HTML page, other clients JSON. */
export function missingPage(routes: Routes): (head: HttpHead) => HttpAnswer {
  const paths = Object.keys(routes).filter((path) => !path.includes('.'));
  return ({ path, headers }) => {
    if (!headers.accept?.includes('text/html'))
      return json(404, { error: `there is no ${path}; the paths are ${paths.join(', ')}` });
    return { status: 404, contentType: 'text/html; charset=utf-8', body: NO_SUCH_PAGE };
  };
}
