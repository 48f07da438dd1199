/**
 * A strict reader of Prometheus' text format (version 0.0.4): it throws on everything that a scraper might stumble
 * over, a sample without its family or twice the same series included.
 */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly help: string;
  readonly samples: readonly Sample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
/** Scrapers read numbers as Go does, to which the `Nan` that prom-client writes is NaN too. */
const SAMPLE = new RegExp(`^(${NAME})(?:\\{([^]*)\\})? ([-+0-9.eE]+|[nN]a[nN]|[-+]Inf)$`);
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/;
const SUFFIXES = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

interface OpenFamily extends Family {
  readonly samples: Sample[];
}

/** Families by name. */
export function parsePrometheusText(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, OpenFamily>();
  const seen = new Set<string>();
  let help: readonly [string, string] | null = null;
  let family: OpenFamily | null = null;
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    if (line.startsWith('# HELP ')) help = parseHelp(line);
    else if (line.startsWith('#')) {
      family = parseType(line, help);
      if (families.has(family.name)) throw new Error(`the family ${family.name} appears twice`);
      families.set(family.name, family);
    } else addSample(family, line, seen);
  }
  for (const each of families.values()) if (each.type === 'histogram') checkHistogram(each);
  return families;
}

function parseHelp(line: string): readonly [string, string] {
  const [, name, help] = new RegExp(`^# HELP (${NAME}) (.+)$`).exec(line) ?? [];
  if (name === undefined || help === undefined) throw new Error(`no HELP line: ${line}`);
  return [name, help];
}

function parseType(line: string, help: readonly [string, string] | null): OpenFamily {
  const [, name, type] = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary)$`).exec(line) ?? [];
  if (name === undefined || help?.[0] !== name) throw new Error(`no TYPE line after its HELP: ${line}`);
  return { name, type: type as Family['type'], help: help[1], samples: [] };
}

function addSample(family: OpenFamily | null, line: string, seen: Set<string>): void {
  const sample = parseSample(line);
  if (!family || !SUFFIXES[family.type].some((suffix) => sample.name === `${family.name}${suffix}`)) {
    throw new Error(`a sample outside of its family: ${line}`);
  }
  const series = line.slice(0, line.lastIndexOf(' '));
  if (seen.has(series)) throw new Error(`the series ${series} appears twice`);
  seen.add(series);
  family.samples.push(sample);
}

function parseSample(line: string): Sample {
  const parts = SAMPLE.exec(line);
  if (!parts) throw new Error(`no sample: ${line}`);
  const [, name = '', labels = '', value = ''] = parts;
  const number = value.endsWith('Inf') ? Number(value.replace('Inf', 'Infinity')) : Number(value);
  if (Number.isNaN(number) && value.toLowerCase() !== 'nan') throw new Error(`no number: ${line}`);
  return { name, labels: parseLabels(labels), value: number };
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== '') {
    const parts = LABEL.exec(rest);
    if (!parts) throw new Error(`no label: ${rest}`);
    const [matched, label = '', value = ''] = parts;
    if (label in labels) throw new Error(`the label ${label} appears twice: ${text}`);
    labels[label] = value.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    rest = rest.slice(matched.length);
  }
  return labels;
}

/** Buckets grow, the last is infinite and equals the count. */
function checkHistogram({ name, samples }: Family): void {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const [key, group] of groups) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    let last = { le: Number.NEGATIVE_INFINITY, value: 0 };
    for (const { labels, value } of buckets) {
      const le = labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels['le']);
      if (!(le > last.le) || value < last.value) throw new Error(`buckets of ${name}${key} do not grow`);
      last = { le, value };
    }
    if (last.le !== Number.POSITIVE_INFINITY) throw new Error(`${name}${key} has no infinite bucket`);
    const counts = group.filter((sample) => sample.name === `${name}_count`);
    if (counts.length !== 1 || counts[0]?.value !== last.value)
      throw new Error(`${name}${key} does not add up`);
    if (group.filter((sample) => sample.name === `${name}_sum`).length !== 1)
      throw new Error(`${name}${key} has no sum`);
  }
}
