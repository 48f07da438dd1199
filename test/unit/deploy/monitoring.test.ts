/** Alerts, dashboard and Prometheus' configuration: what they ask for is measured, and what an operator reads is there. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readComposeFile } from '../../../harness/containers/compose-file.ts';
import { readYaml } from '../../../harness/programs/deployment-files.ts';
import { CHECKOUT, run } from '../../../harness/programs/processes.ts';
import { present } from '../../../harness/programs/real-servers.ts';
import { filesBelow, readText } from '../../../harness/source-tree.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<string, string>>;
}

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const rules = (readYaml('deploy/alerts.yml') as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);
const dashboard = JSON.parse(readText('deploy/grafana/dashboards/equipoise.json')) as {
  panels: Panel[];
  templating: { list: { name: string; query: { query: string } }[] };
};
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets);

/** Name → labels, from the tables of docs/metrics.md; those that every target has are Prometheus' own. */
function documentedMetrics(): ReadonlyMap<string, ReadonlySet<string>> {
  const metrics = new Map<string, Set<string>>();
  for (const [, name = '', type, labels = ''] of readText('docs/metrics.md').matchAll(
    /^\| `(lb_\w+)` \| (\w+) \|([^|]*)\|/gm,
  )) {
    const names = [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label);
    metrics.set(name, new Set([...(metrics.get(name) ?? []), ...names]));
    if (type === 'histogram') metrics.set(`${name}_bucket`, new Set([...names, 'le']));
  }
  return metrics;
}

const OF_EVERY_TARGET = ['instance', 'job'];

/** What is wrong with an expression: metrics and labels that nobody has. */
function unknownIn(expr: string, metrics: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const problems: string[] = [];
  const labels = new Set<string>(OF_EVERY_TARGET);
  for (const [, name = ''] of expr.matchAll(/\b(lb_\w+)/g)) {
    if (!metrics.has(name)) problems.push(name);
    for (const label of metrics.get(name) ?? []) labels.add(label);
  }
  const matched = [...expr.matchAll(/[{,]\s*(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label);
  const grouped = [...expr.matchAll(/\b(?:by|without) \(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(/, */),
  );
  problems.push(...[...matched, ...grouped].filter((label) => !labels.has(label)));
  return problems;
}

/** Values of `reason` have to be reasons. */
function unknownReasons(expr: string): readonly string[] {
  const page = readText('docs/metrics.md');
  const named = [...expr.matchAll(/reason=~?"([^"]+)"/g)].flatMap(([, list = '']) => list.split('|'));
  return named.filter((reason) => !page.includes(`\n| \`${reason}\` |`));
}

describe('alerts and dashboard', () => {
  const metrics = documentedMetrics();

  for (const { alert, expr } of rules) {
    it(`${alert} asks for what is measured`, () => {
      assert.deepEqual([...unknownIn(expr, metrics), ...unknownReasons(expr)], []);
    });
  }

  it('every panel asks for what is measured, with labels in its legend that the answer has', () => {
    assert.ok(queries.length > 25);
    for (const { expr, legendFormat } of queries) {
      assert.deepEqual([...unknownIn(expr, metrics), ...unknownReasons(expr)], [], expr);
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
        const found = expr.includes(' by (')
          ? new RegExp(`by \\([^)]*\\b${label}\\b`).test(expr)
          : !unknownIn(`x{${label}=""} ${expr}`, metrics).includes(label);
        assert.ok(found, `${label} of ${expr}`);
      }
    }
    const [{ name, query } = assert.fail()] = dashboard.templating.list;
    assert.equal(name, 'proxy');
    const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(query.query) ?? [];
    assert.ok(metrics.has(metric) && OF_EVERY_TARGET.includes(label));
  });
});

describe('deploy/grafana', () => {
  it('has panels with a title and words that say what they show', () => {
    for (const { type, title, description = '' } of dashboard.panels)
      assert.ok(title !== '' && (type === 'row' || description.length > 5), title);
  });

  it('is provisioned from where docker-compose.yml puts it, with the data source that the panels name', () => {
    const volumes = readComposeFile(readText('docker-compose.yml')).get('grafana')?.volumes ?? [];
    const { providers } = readYaml('deploy/grafana/provisioning/dashboards/equipoise.yml') as {
      providers: { options: { path: string } }[];
    };
    assert.ok(
      volumes.some(
        ({ source, target }) =>
          source === './deploy/grafana/dashboards' && target === providers[0]?.options.path,
      ),
    );
    const { datasources } = readYaml('deploy/grafana/provisioning/datasources/prometheus.yml') as {
      datasources: { uid: string; url: string }[];
    };
    const used = [...readText('deploy/grafana/dashboards/equipoise.json').matchAll(/"uid": "(\w+)"/g)].map(
      ([, uid]) => uid,
    );
    assert.deepEqual(new Set(used), new Set(['equipoise', datasources[0]?.uid]));
    assert.equal(datasources[0]?.url, 'http://prometheus:9090');
  });
});

describe('deploy/alerts.yml', () => {
  const page = readText('docs/how-to/read-an-alert.md');
  const cases = (
    readYaml('deploy/alerts.test.yml') as {
      tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
    }
  ).tests.flatMap((test) => test.alert_rule_test);

  for (const { alert, labels, annotations } of rules) {
    it(`${alert} says what is wrong, what it means and what to do, and is in the runbook`, () => {
      for (const name of ['summary', 'description', 'action'])
        assert.ok((annotations[name] ?? '').length > 15, name);
      assert.ok(['critical', 'warning', 'info'].includes(labels.severity));
      assert.equal(annotations['runbook'], `docs/how-to/read-an-alert.md#${alert.toLowerCase()}`);
      assert.ok(page.includes(`\n## ${alert}\n`));
      for (const [page = ''] of Object.values(annotations)
        .join(' ')
        .matchAll(/docs\/[\w/-]+\.md/g))
        assert.ok(existsSync(join(CHECKOUT, page)), page);
    });

    it(`${alert} is tested where it must fire and where it must not`, () => {
      const own = cases.filter(({ alertname }) => alertname === alert);
      assert.ok(own.some(({ exp_alerts }) => exp_alerts.length > 0));
      assert.ok(own.some(({ exp_alerts }) => exp_alerts.length === 0));
    });
  }

  it('the runbook has no alert that does not exist', () => {
    const named = [...page.matchAll(/^## (Lb\w+)$/gm)].map(([, name]) => name);
    assert.deepEqual(
      named,
      rules.map(({ alert }) => alert),
    );
  });

  for (const words of [
    ['check', 'config', 'prometheus.yml'],
    ['check', 'rules', 'alerts.yml'],
    ['test', 'rules', 'alerts.test.yml'],
  ]) {
    it(`promtool ${words.join(' ')} is content`, async (t) => {
      if (!present(t, 'promtool')) return;
      const { code, stdout, stderr } = await run('promtool', words, { cwd: join(CHECKOUT, 'deploy') });
      assert.equal(code, 0, stdout + stderr);
    });
  }
});

describe('deploy/prometheus.yml', () => {
  it('lies with its rules where docker-compose.yml puts them', () => {
    assert.ok(filesBelow('deploy', '.yml').includes('deploy/alerts.yml'));
    const volumes = readComposeFile(readText('docker-compose.yml')).get('prometheus')?.volumes ?? [];
    for (const name of ['prometheus.yml', 'alerts.yml']) {
      assert.ok(
        volumes.some(
          ({ source, target }) => source === `./deploy/${name}` && target === `/etc/prometheus/${name}`,
        ),
      );
    }
  });
});
