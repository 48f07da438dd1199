/** The dashboard in headless Chromium (Debian's package), with everything that must not happen on any page watched. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { CHECKOUT, type Scope } from './processes.ts';
import { findProgram } from './real-servers.ts';

/** Git-ignored: for people to look at. */
const SCREENSHOTS = join(CHECKOUT, 'screenshots');
const DEADLINE_MS = 60_000;

export async function startBrowser(scope: Scope): Promise<Browser> {
  const executablePath = findProgram('chromium');
  assert.ok(executablePath, 'chromium not found');
  // As root its sandbox refuses to work, and in a container /dev/shm is small.
  const args = ['--disable-dev-shm-usage', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
  const browser = await chromium.launch({ executablePath, args });
  scope.after(() => browser.close());
  return browser;
}

export interface Visit {
  readonly page: Page;
  /** Fails if a script failed, or anything was asked of another host than the one that was visited. */
  check(): void;
}

/** Opens a page of the dashboard, such as `#/pools/web`, in a browser of its own that knows nothing yet. */
export async function visit(
  scope: Scope,
  browser: Browser,
  http: string,
  hash: string,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  scope.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  const failures: string[] = [];
  const elsewhere: string[] = [];
  page.on('pageerror', (error) => failures.push(String(error.stack)));
  page.on('console', (message) => {
    // That a request was refused is the browser's own line, and what the page makes of it is for the tests to say.
    const refused = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !refused) failures.push(message.text());
  });
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol !== 'data:' && host !== http) elsewhere.push(request.url());
  });
  await page.goto(`http://${http}/${hash}`);
  return {
    page,
    check() {
      assert.deepEqual(failures, []);
      assert.deepEqual(elsewhere, []);
    },
  };
}

/** Written to a folder that git ignores. */
export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}
