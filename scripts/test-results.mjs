// A reporter of node:test: one line of JSON for each test and suite, which run-tests.mjs counts.
import { relative } from 'node:path';

/** The built file, though source maps name the source that it was built from. */
function builtFile(file) {
  const path = relative(process.cwd(), file);
  return path.endsWith('.ts') ? `dist/${path.slice(0, -'.ts'.length)}.js` : path;
}

export default async function* testResults(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const { name, nesting, file, skip, details } = data;
    const result = {
      name,
      file: file && builtFile(file),
      isTop: nesting === 0,
      isSuite: details.type === 'suite',
      passed: type === 'test:pass',
      ms: details.duration_ms,
      ...(skip !== undefined && { skipped: skip === true ? 'without a reason' : skip }),
    };
    yield `${JSON.stringify(result)}\n`;
  }
}
