/** What the dashboard does in a real browser when something is not as usual: addresses, answers, other people and hasty hands. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { Page, Request, Route } from 'playwright-core';
import { screenshot } from '../../harness/programs/browser.ts';
import type { DashboardFleet } from '../../harness/programs/dashboard-fleet.ts';
import { apply, dashboardSuite, press } from '../../harness/programs/dashboard-suite.ts';

describe('the dashboard, in trouble,', () => {
  const test = dashboardSuite();

  test('says so when an address names nothing, and leads to the overview', '#/', async (page, fleet) => {
    for (const hash of [
      '#/%',
      '#/constructor',
      '#/pools/%E0%A4%A',
      '#/pools/web/more',
      '#/proxies/east/more',
    ]) {
      await page.goto(`http://${fleet.http}/${hash}`);
      await page.getByRole('heading', { name: 'No such page' }).waitFor();
      await page.getByText(`There is no page at ${hash}.`).waitFor();
    }
    await page.goto(`http://${fleet.http}/#/pools/nothing`);
    await page.getByText('There is no such pool.').waitFor();
    await page.goBack();
    await page.locator('main').getByRole('link', { name: 'Go to the overview' }).click();
    await page.getByRole('heading', { name: 'Overview', exact: true }).waitFor();
  });

  test('reads the history again after it could not, and says so meanwhile', '#/', async (page, fleet) => {
    await page.route('**/api/revisions', (route) => route.abort(), { times: 2 });
    await page.route('**/api/revision?*', (route) => route.abort(), { times: 2 });
    await page.goto(`http://${fleet.http}/#/history/1`);
    const alert = page.getByRole('alert').getByText('The control plane does not answer.');
    await alert.waitFor();
    await screenshot(page, 'history-unread');
    assert.equal(await page.getByText('No revisions yet.').count(), 0);
    await page.getByRole('link', { name: '1', exact: true }).waitFor();
    await alert.waitFor({ state: 'detached' });
    await page.getByRole('region', { name: 'Revision 1' }).getByText('created pool').waitFor();
  });

  test('reads and changes nothing twice for a double click', '#/', async (page, fleet) => {
    const total = await manyRevisions(fleet);
    await page.goto(`http://${fleet.http}/#/history`);
    const rows = page.getByRole('row').filter({ has: page.getByRole('button', { name: /^Compare/ }) });
    await page.getByText(`live · revision ${total}`).waitFor();
    await twice(page, 'Show earlier', '**/api/revisions?before=*');
    await page.getByRole('link', { name: '1', exact: true }).waitFor();
    assert.equal(await rows.count(), total - 1);
    await twice(page, 'Compare', '**/api/difference?*');
    await page.getByRole('region', { name: 'Difference' }).waitFor();
    await press(page, `Roll back to revision ${total - 1}`);
    await twice(page, 'Apply', '**/api/changes');
    await press(page, 'Close');
    await page.getByText(`live · revision ${total + 1}`).waitFor();
    // The list grew at its top, and what was read below it is still there.
    await page.getByRole('link', { name: String(total + 1), exact: true }).waitFor();
    assert.equal(await rows.count(), total);
  });

  test(
    'applies nothing by the rest of a double click or a key that is held',
    '#/pools/web',
    async (page, fleet) => {
      const changes = changesOf(page);
      const name = `Drain ${fleet.backends[0]}`;
      await page.getByRole('button', { name }).focus();
      await page.keyboard.down('Enter');
      await page.getByRole('button', { name: 'Apply', exact: true }).waitFor();
      for (let repeat = 0; repeat < 3; repeat += 1) await page.keyboard.down('Enter');
      await page.keyboard.up('Enter');
      await page.getByRole('button', { name: 'Apply', exact: true }).hover();
      await page.mouse.down({ clickCount: 2 });
      await page.mouse.up({ clickCount: 2 });
      await page.getByText('Nothing has been changed yet.').waitFor();
      assert.equal(changes.length, 0);
      await apply(page);
      assert.equal(changes.length, 1);
      await press(page, `Enable ${fleet.backends[0]}`);
      await apply(page);
    },
  );

  test(
    'shows a rollback again before it can be made, when there is a newer revision',
    '#/history',
    async (page, fleet) => {
      const [first = '', second = ''] = fleet.backends;
      const revision = await weigh(fleet, first, 5);
      await press(page, `Roll back to revision ${revision - 1}`);
      const dialog = page.getByRole('dialog');
      await dialog.getByText(`web/${first}`).waitFor();
      await dialog.getByLabel('Message').fill('back to the start');
      await weigh(fleet, second, 6);
      await press(page, 'Apply');
      await dialog.getByText('Somebody changed the configuration while the dialog was open.').waitFor();
      await dialog
        .getByRole('alert')
        .getByText(/The preview was made at revision \d+, and now there is revision \d+/)
        .waitFor();
      await screenshot(page, 'dialog-quicker');
      assert.equal(await page.getByRole('button', { name: 'Apply', exact: true }).count(), 0);
      await press(page, 'Preview again');
      await dialog.getByText(`web/${second}`).waitFor();
      await apply(page);
      await page.getByRole('cell').getByText('back to the start').waitFor();
    },
  );

  test(
    'shows a change of a backend again when somebody changed it meanwhile',
    '#/pools/web',
    async (page, fleet) => {
      const [first = ''] = fleet.backends;
      await press(page, `Drain ${first}`);
      const dialog = page.getByRole('dialog');
      await dialog.getByText(`web/${first}`).waitFor();
      await weigh(fleet, first, 9);
      await page.getByRole('row').filter({ hasText: first }).getByText('9', { exact: true }).waitFor();
      await press(page, 'Apply');
      await dialog.getByText('Somebody changed this pool while the dialog was open.').waitFor();
      await screenshot(page, 'dialog-changed-meanwhile');
      await press(page, 'Preview again');
      await apply(page);
      await press(page, `Enable ${first}`);
      await apply(page);
    },
  );

  test(
    'calls the outcome of a change unknown when no answer came, and tries again',
    '#/pools/web',
    async (page, fleet) => {
      const [first = ''] = fleet.backends;
      const lose = async (route: Route) => {
        // The change is made, and its answer is lost.
        if (!route.request().postData()?.includes('"dryRun":true')) await route.fetch();
        await route.abort();
      };
      await press(page, `Drain ${first}`);
      await page.getByRole('button', { name: 'Apply', exact: true }).waitFor();
      await page.route('**/api/changes', lose);
      await press(page, 'Apply');
      const dialog = page.getByRole('dialog');
      await dialog.getByText('Unknown: the control plane gave no answer').waitFor();
      assert.equal(await dialog.getByText(/[Nn]othing (was|has been) changed/).count(), 0);
      await screenshot(page, 'dialog-unknown');
      await page.unroute('**/api/changes', lose);
      await press(page, 'Try again');
      await dialog.getByText('The first attempt had already succeeded.').waitFor();
      await press(page, 'Close');
      await press(page, `Enable ${first}`);
      await apply(page);
    },
  );

  test('leads to the content of the page by its first link, and stays on it', '#/pools', async (page) => {
    await page.getByRole('heading', { name: 'Policies' }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate('document.activeElement.id'), 'main');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'New pool');
    assert.equal(new URL(page.url()).hash, '#/pools');
  });

  test(
    'goes through a change with keys alone, and the focus is never lost',
    '#/pools/web',
    async (page, fleet) => {
      const [first = ''] = fleet.backends;
      const weight = `Weight ${first}`;
      await page.getByRole('button', { name: weight }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      assert.equal(await focused(page), weight);
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').waitFor();
      await page.keyboard.type('33');
      assert.equal(await page.getByLabel('Weight', { exact: true }).inputValue(), '33');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Apply', exact: true }).waitFor();
      await page.keyboard.press('Enter');
      await page.getByText('Live on 1 of 1 proxy.').waitFor();
      assert.equal(await focused(page), 'Close');
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      assert.equal(await focused(page), weight);
      // Somebody else takes a button away before it: it stays the same one.
      const state = (word: 'ACTIVE' | 'DISABLED') =>
        fleet.call('pools', 'UpdateBackend', {
          pool: 'web',
          backend: { address: first, state: `BACKEND_STATE_${word}` },
        });
      await state('DISABLED');
      await page.getByRole('button', { name: `Disable ${first}` }).waitFor({ state: 'detached' });
      assert.equal(await focused(page), weight);
      await state('ACTIVE');
      await page.getByRole('button', { name: `Disable ${first}` }).focus();
      await state('DISABLED');
      await page.locator('#main:focus').waitFor();
      await state('ACTIVE');
      await press(page, 'Add backends');
      await page.getByLabel('Addresses').fill('127.0.0.1:9');
      await press(page, 'Preview');
      await apply(page);
      await press(page, 'Remove 127.0.0.1:9');
      await page.getByRole('button', { name: 'Apply', exact: true }).click();
      await page.getByText('Live on 1 of 1 proxy.').waitFor();
      await press(page, 'Close');
      await page.locator('#main:focus').waitFor();
    },
  );

  test('closes a dialog with the page that it belongs to', '#/pools', async (page) => {
    await page.getByRole('link', { name: 'web' }).click();
    await press(page, 'Add backends');
    await page.goBack();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: 'Pools', exact: true }).waitFor();
  });
});

/** The name of what has the focus. */
function focused(page: Page): Promise<string> {
  return page.evaluate(
    "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent",
  );
}

/** Sets the weight of a backend; answers the revision of it. */
async function weigh(fleet: DashboardFleet, address: string, weight: number): Promise<number> {
  const { response } = await fleet.call('pools', 'UpdateBackend', {
    pool: 'web',
    backend: { address, weight },
  });
  return Number(response.revision);
}

/** More than one page of the list. Answers how many there are. */
async function manyRevisions(fleet: DashboardFleet): Promise<number> {
  let newest = 0;
  for (let weight = 10; newest < 60; weight += 1) {
    newest = await weigh(fleet, fleet.backends[0] ?? '', weight);
  }
  return newest;
}

/** Clicks a button twice, and once more, while its request is under way; fails if there was another one. */
async function twice(page: Page, name: string, url: string): Promise<void> {
  const button = page.getByRole('button', { name, exact: true });
  await button.scrollIntoViewIfNeeded();
  const box = await button.boundingBox();
  assert.ok(box);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const held: Route[] = [];
  await page.route(url, (route) => void held.push(route));
  const asked = page.waitForRequest(url);
  const answered = page.waitForResponse(url);
  await page.mouse.dblclick(x, y);
  await page.mouse.click(x, y);
  await asked;
  await Promise.all(held.map((route) => route.continue()));
  await answered;
  assert.equal(held.length, 1, `${name} asked ${held.length} times`);
  await page.unroute(url);
}

/** The changes that the page asks for, dry runs apart. */
function changesOf(page: Page): readonly Request[] {
  const changes: Request[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST' && !request.postData()?.includes('"dryRun":true')) changes.push(request);
  });
  return changes;
}
