/** The status page: three files beside this one, and what they show as JSON. */
import { readFileSync } from 'node:fs';
import type { Fleet } from '../distribution/fleet.ts';
import { type HttpAnswer, json, type Routes } from '../http/http-server.ts';
import type { LogFollower } from '../store/log-follower.ts';
import { statusPage } from './status-page.ts';

export interface DashboardDeps {
  readonly follower: LogFollower;
  readonly fleet: Fleet;
}

/** The files are read once, here, so that one that is missing is noticed at the start. */
export function dashboardRoutes({ follower, fleet }: DashboardDeps): Routes {
  const page = file(new URL('./index.html', import.meta.url), 'text/html; charset=utf-8');
  const script = file(new URL('./status.mjs', import.meta.url), 'text/javascript; charset=utf-8');
  const style = file(new URL('./status.css', import.meta.url), 'text/css; charset=utf-8');
  return {
    '/': () => page,
    '/status.js': () => script,
    '/status.css': () => style,
    '/api/status': () => json(200, statusPage(follower.current(), follower.status(), fleet.list())),
  };
}

function file(url: URL, contentType: string): HttpAnswer {
  return { status: 200, contentType, body: readFileSync(url) };
}
