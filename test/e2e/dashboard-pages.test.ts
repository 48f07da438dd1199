/** The pages of the dashboard in a real browser: what they show, for whom, and what they do when the control plane goes. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { screenshot, startBrowser, visit } from '../../harness/programs/browser.ts';
import { startDashboardFleet } from '../../harness/programs/dashboard-fleet.ts';
import { dashboardSuite } from '../../harness/programs/dashboard-suite.ts';
import { succeed } from '../../harness/programs/fleet.ts';
import { temporaryFolder } from '../../harness/programs/processes.ts';
import { present } from '../../harness/programs/real-servers.ts';

const PAGES = {
  overview: ['#/', 'Listeners'],
  pools: ['#/pools', 'Policies'],
  pool: ['#/pools/web', 'Backends of web'],
  listeners: ['#/listeners', 'All listeners'],
  listener: ['#/listeners/front', 'Proxies'],
  proxy: ['#/proxies/east', 'Workers'],
  proxies: ['#/proxies', 'Roster'],
  events: ['#/events', 'What happened'],
  history: ['#/history', 'Revisions'],
  revision: ['#/history/1', 'Revision 1'],
} as const;
const LOOKS: Readonly<Record<string, BrowserContextOptions>> = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  phone: { colorScheme: 'light', viewport: { width: 360, height: 740 } },
};

describe('the dashboard', () => {
  const test = dashboardSuite();

  for (const [look, options] of Object.entries(LOOKS)) {
    test(
      `shows every page, ${look}, with nothing from another host and nothing wider than the window`,
      '#/',
      async (page, fleet) => {
        for (const [name, [hash, heading]] of Object.entries(PAGES)) {
          await page.goto(`http://${fleet.http}/${hash}`);
          await page.getByRole('heading', { name: heading, exact: true }).waitFor();
          await fleet.reached();
          const wider = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
          assert.equal(await page.evaluate(wider), false, `${name} is wider than the window`);
          assert.deepEqual(await unlabelled(page), [], name);
          assert.deepEqual(await crowdedLabels(page), [], name);
          await screenshot(page, `${name}-${look}`);
        }
      },
      options,
    );
  }

  test('says what is wrong and why, first', '#/', async (page, fleet) => {
    await page.getByText('Everything is as it should be.').waitFor();
    const dead = '127.0.0.1:9';
    await succeed(fleet.lbctl, ['backend', 'add', 'web', dead]);
    const problem = page.getByRole('list', { name: 'Problems' }).getByRole('listitem');
    await problem.getByText(`1 of 4 backends of pool web is down: ${dead}`).waitFor();
    await problem.getByText('connection refused').waitFor();
    await screenshot(page, 'overview-problem');
    await problem.getByRole('link').click();
    await page
      .getByRole('row')
      .filter({ hasText: dead })
      .getByText('unhealthy: connection refused')
      .waitFor();
    await screenshot(page, 'pool-problem');
    const cut = "[...document.querySelectorAll('.scroll')].some((one) => one.scrollWidth > one.clientWidth)";
    assert.equal(await page.evaluate(cut), false, 'a table is wider than its panel');
    await succeed(fleet.lbctl, ['backend', 'remove', 'web', dead]);
    await page.getByRole('row').filter({ hasText: dead }).waitFor({ state: 'detached' });
  });

  test('searches, sorts and shares what a table shows by its address', '#/pools/web', async (page, fleet) => {
    const rows = page.getByRole('row').filter({ has: page.getByRole('button', { name: /^Drain/ }) });
    const [first = ''] = fleet.backends;
    await page.getByLabel('Search Backends').fill(first);
    await page.getByText('1 of 3 rows').waitFor();
    await page.getByRole('button', { name: 'Weight', exact: true }).click();
    await page.locator('th[aria-sort=descending]').waitFor();
    await page.reload();
    await page.getByText('1 of 3 rows').waitFor();
    assert.equal(await page.getByLabel('Search Backends').inputValue(), first);
    await page.getByLabel('Search Backends').fill('');
    await rows.nth(2).waitFor();
    assert.equal(await page.locator('th[aria-sort]').count(), 1);
  });

  test('shows traffic as it happens', '#/pools/web', async (page, fleet) => {
    const row = page.getByRole('row').filter({ hasText: fleet.backends[0] ?? '' });
    for (let round = 0; !(await row.innerText()).match(/[1-9]\d* %/); round += 1) {
      assert.ok(round < 200, 'no share of traffic was shown');
      await fleet.reached();
    }
    const charts = page.getByRole('img', { name: /New connections by backend/ });
    assert.match((await charts.getAttribute('aria-label')) ?? '', /Now: 127\.0\.0\.1:\d+ .*\/s/);
  });

  test(
    'survives a restart of the control plane, and says from when it is meanwhile',
    '#/pools/web',
    async (page, fleet) => {
      await page.getByText(/live · revision \d+/).waitFor();
      await fleet.stop();
      await page.getByText(/Reconnecting: .*Showing data from \d\d:\d\d:\d\d/).waitFor();
      await page.getByText('Backends of web').waitFor();
      await screenshot(page, 'reconnecting');
      await fleet.start();
      await page.getByText(/live · revision \d+/).waitFor();
      await succeed(fleet.lbctl, ['backend', 'set', 'web', fleet.backends[0] ?? '', '--weight', '7']);
      await page
        .getByRole('row')
        .filter({ hasText: fleet.backends[0] ?? '' })
        .getByText('7', { exact: true })
        .waitFor();
    },
  );

  test('shows what people wrote as text, whatever it is', '#/history', async (page, fleet) => {
    const message = '<img src="/x" onerror="document.title = 1"><b>bold</b>';
    await succeed(fleet.lbctl, [
      'backend',
      'set',
      'web',
      fleet.backends[1] ?? '',
      '--weight',
      '2',
      '--message',
      message,
    ]);
    await page.getByRole('cell').getByText(message).waitFor();
    assert.equal(await page.locator('main img, main b').count(), 0);
  });

  test(
    'makes the document like what it is told, however it was before, and keeps what has a key',
    '#/',
    async (page) => {
      assert.deepEqual(await page.evaluate(RENDER_AT_RANDOM), []);
    },
  );
});

describe('the dashboard of a control plane with a token', () => {
  it('asks for it, keeps it for this tab, and works with it', async (t) => {
    if (!present(t, 'chromium')) return;
    const file = join(temporaryFolder(t), 'token');
    writeFileSync(file, 'correct-horse', { mode: 0o600 });
    const fleet = await startDashboardFleet(t, ['--token-file', file]);
    const browser = await startBrowser(t);
    const { page, check } = await visit(t, browser, fleet.http, '#/');
    await page.getByLabel('Token').fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('This control plane does not accept that token.').waitFor();
    await screenshot(page, 'sign-in');
    await page.getByLabel('Token').fill('correct-horse');
    await page.keyboard.press('Enter');
    await page.getByText('Everything is as it should be.').waitFor();
    await page.reload();
    await page.getByText('Everything is as it should be.').waitFor();
    await page.goto(`http://${fleet.http}/#/pools/web`);
    await page.getByRole('button', { name: `Drain ${fleet.backends[0]}` }).click();
    await page.getByRole('button', { name: 'Apply', exact: true }).click();
    await page.getByText('Live on 1 of 1 proxy.').waitFor();
    check();
  });
});

/** Renders random lists after one another; answers those that came out wrong or made a keyed element anew. */
const RENDER_AT_RANDOM = `import('/lib/dom.mjs').then(({ h, render }) => {
  let seed = 42;
  const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
  const box = document.createElement('div');
  const wrong = [];
  for (let round = 0; round < 500; round += 1) {
    const keys = [...'abcdefgh'].filter(() => random(2) === 0).sort(() => random(3) - 1);
    const before = new Map([...box.children].map((child) => [child.getAttribute('data-key'), child]));
    const nodes = keys.map((key) => h('p', { key, 'data-key': key }, key, random(2) === 0 && h('i', {}, round)));
    if (random(2) === 0) nodes.splice(random(nodes.length + 1), 0, h('hr'), 'text');
    render(box, nodes);
    const expected = nodes.map((node) => node.tag ?? node).join();
    const found = [...box.childNodes].map((child) => child.tagName?.toLowerCase() ?? child.data).join();
    const kept = [...box.querySelectorAll('p')].every((child) => {
      const old = before.get(child.getAttribute('data-key'));
      return old === undefined || old === child;
    });
    const order = [...box.querySelectorAll('p')].map((child) => child.textContent[0]).join('');
    if (found !== expected || !kept || order !== keys.join('')) wrong.push({ round, expected, found, order, kept });
  }
  return wrong.slice(0, 3);
})`;

/** Charts whose time labels reach up to the lowest figure, or could be cut off at the right end. */
function crowdedLabels(page: Page): Promise<readonly string[]> {
  return page.evaluate(CROWDED_LABELS);
}

/** Draws each chart once more, and notes where it writes what. */
const CROWDED_LABELS = `(async () => {
  const { prototype } = CanvasRenderingContext2D;
  const { fillText } = prototype;
  const crowded = [];
  for (const { plot: { made }, ariaLabel } of document.querySelectorAll('.plot')) {
    const written = [];
    prototype.fillText = function (text, x, y) {
      const size = this.measureText(text);
      const time = this.textAlign === 'center';
      written.push({ time, top: y - size.actualBoundingBoxAscent, bottom: y + size.actualBoundingBoxDescent, half: size.width / 2 });
      fillText.call(this, text, x, y);
    };
    made.redraw();
    await null;
    prototype.fillText = fillText;
    const times = written.filter(({ time }) => time);
    const figures = written.filter(({ time }) => !time);
    const apart = Math.min(...times.map(({ top }) => top)) > Math.max(...figures.map(({ bottom }) => bottom));
    const room = made.ctx.canvas.width - made.bbox.left - made.bbox.width;
    const fits = room >= Math.max(...times.map(({ half }) => half));
    if (times.length === 0 || figures.length === 0 || !apart || !fits) crowded.push(ariaLabel + JSON.stringify({ apart, fits, written: written.length }));
  }
  return crowded;
})()`;

/** What a screen reader could not name: controls without a name, pictures without words, a table without a title. */
function unlabelled(page: Page): Promise<readonly string[]> {
  return page.evaluate(`
    [...document.querySelectorAll('a, button, input, select, textarea, table, [role=img], img, section')]
      .filter((element) => {
        const label = element.getAttribute('aria-label') || element.textContent.trim() || element.labels?.length;
        return element.tagName === 'IMG' ? !element.hasAttribute('alt') : !label;
      })
      .concat([...document.querySelectorAll('main')].filter(() => document.querySelectorAll('h1').length !== 1))
      .map((element) => element.outerHTML.slice(0, 120))
  `);
}
