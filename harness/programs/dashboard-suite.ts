/** The dashboard in a browser, for the tests of a suite: one fleet and one browser for all of them, a page of its own for each. */
import { after, before, it } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { startBrowser, visit } from './browser.ts';
import { type DashboardFleet, startDashboardFleet } from './dashboard-fleet.ts';
import { laterScope } from './processes.ts';
import { findProgram, present } from './real-servers.ts';

type Act = (page: Page, fleet: DashboardFleet) => Promise<void>;
/** A test that begins at a page such as `#/pools/web`. Skipped where there is no browser. */
type BrowserTest = (title: string, hash: string, act: Act, options?: BrowserContextOptions) => void;

/** Call it in `describe`. */
export function dashboardSuite(): BrowserTest {
  const scope = laterScope();
  let fleet: DashboardFleet;
  let browser: Browser;
  before(async () => {
    if (findProgram('chromium') === undefined) return;
    fleet = await startDashboardFleet(scope);
    browser = await startBrowser(scope);
  });
  after(() => scope.end());
  return (title, hash, act, options) =>
    void it(title, async (t) => {
      if (!present(t, 'chromium')) return;
      const { page, check } = await visit(t, browser, fleet.http, hash, options);
      t.after(check);
      await act(page, fleet);
    });
}

export async function press(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click();
}

/** Applies what is previewed, waits until it is live on the proxy, and closes the dialog. */
export async function apply(page: Page, name = 'Apply'): Promise<void> {
  await press(page, name);
  await page.getByText('Live on 1 of 1 proxy.').waitFor();
  await press(page, 'Close');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}
