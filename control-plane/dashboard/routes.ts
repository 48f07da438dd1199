/** The status page: three files beside this one, and what they show as JSON. */
import { readFileSync } from 'node:fs';
import type { Clock } from '../../core/runtime/clock.ts';
import type { Fleet } from '../distribution/fleet.ts';
import { type HttpAnswer, json, type Routes } from '../../core/runtime/http-server.ts';
import type { LogFollower } from '../store/log-follower.ts';
import { statusPage } from './status-page.ts';

/** However many look, the page is made once in this time: in a large fleet that is work. */
const KEPT_MS = 1_000;

export interface DashboardDeps {
  readonly follower: LogFollower;
  readonly fleet: Fleet;
  readonly clock: Clock;
}

/** The files are read once, here, so that one that is missing is noticed at the start. */
export function dashboardRoutes({ follower, fleet, clock }: DashboardDeps): Routes {
  const page = file(new URL('./index.html', import.meta.url), 'text/html; charset=utf-8');
  const script = file(new URL('./status.mjs', import.meta.url), 'text/javascript; charset=utf-8');
  const style = file(new URL('./status.css', import.meta.url), 'text/css; charset=utf-8');
  let kept: { readonly answer: HttpAnswer; readonly atMs: number } | null = null;
  const status = () => {
    const nowMs = clock.nowMs();
    if (kept === null || nowMs - kept.atMs >= KEPT_MS) {
      const answer = json(200, statusPage(follower.current(), follower.status(), fleet.list()));
      kept = { answer, atMs: nowMs };
    }
    return kept.answer;
  };
  return {
    '/': () => page,
    '/status.js': () => script,
    '/status.css': () => style,
    '/api/status': status,
  };
}

function file(url: URL, contentType: string): HttpAnswer {
  return { status: 200, contentType, body: readFileSync(url) };
}
