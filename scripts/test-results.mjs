// A reporter of node:test: one line of JSON for the start and one for the result of each test and suite. run-tests.mjs
// counts them.
import { relative } from 'node:path';

/** The built file, though source maps name the source that it was built from. */
function builtFile(file) {
  const path = relative(process.cwd(), file);
  return path.endsWith('.ts') ? `dist/${path.slice(0, -'.ts'.length)}.js` : path;
}

export default async function* testResults(events) {
  for await (const { type, data } of events) {
    const isStart = type === 'test:dequeue';
    if (!isStart && type !== 'test:pass' && type !== 'test:fail') continue;
    const { name, nesting, skip, details } = data;
    const file = data.file && builtFile(data.file);
    if (isStart) {
      yield `${JSON.stringify({ name, nesting, file, isStart })}\n`;
      continue;
    }
    const result = {
      name,
      nesting,
      file,
      isTop: nesting === 0,
      isSuite: details.type === 'suite',
      passed: type === 'test:pass',
      ms: details.duration_ms,
      ...(skip !== undefined && { skipped: skip === true ? 'without a reason' : skip }),
    };
    yield `${JSON.stringify(result)}\n`;
  }
}
