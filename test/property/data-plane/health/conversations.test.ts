/** Whatever the pieces, the cuts and the endings: the verdict of a check is that of a simple model on the whole text. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HTTP_CHECK_DEFAULTS, POLICY_DEFAULTS } from '../../../../core/model/defaults.ts';
import type { HealthCheck, ScriptStep } from '../../../../core/model/resources.ts';
import { systemClock } from '../../../../core/runtime/clock.ts';
import { checkerByType } from '../../../../data-plane/health/checker-by-type.ts';
import type { CheckResult } from '../../../../data-plane/health/checker.ts';
import { within } from '../../../../harness/engine/tcp.ts';
import { END, HEAR, type Move, PAUSE, PlayingServer } from '../../../../harness/proxy/playing-server.ts';
import { byRunLength } from '../../../../harness/run-length.ts';

const RUNS = { numRuns: byRunLength(300, 5_000) };
const MAX_JUDGED = 16_384;
const checker = checkerByType({ engine: 'portable', libc: null, clock: systemClock, sourceAddresses: [] });
const base = { ...POLICY_DEFAULTS.healthCheck, timeoutMs: 60_000 };

/** A text that is sent in these pieces, and then the end. */
async function passes(check: HealthCheck, text: string, cuts: readonly number[]): Promise<boolean> {
  const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
  const pieces = places.slice(1).map((to, index) => text.slice(places[index], to));
  const server = await PlayingServer.start([HEAR, ...pieces.flatMap((piece): Move[] => [piece, PAUSE]), END]);
  const result = await within(
    'a result',
    new Promise<CheckResult>((resolve) => void checker.check(server.target, check, resolve)),
  );
  server.stop();
  return result.type === 'passed';
}

const cuts = fc.array(fc.nat(), { maxLength: 6 });
const letters = (maxLength: number) => fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength });
/** Often short, sometimes around the length beyond which nothing is judged. */
const text = fc.oneof(
  { weight: 4, arbitrary: letters(30) },
  fc
    .tuple(fc.integer({ min: MAX_JUDGED - 4, max: MAX_JUDGED }), letters(8))
    .map(([n, end]) => 'x'.repeat(n) + end),
);

describe('a script', () => {
  const expected = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 3 }),
    fc.constantFrom('/a[bc]/', '/[ab]{2}c/', '/(ab|ca)/'),
  );

  /** The model: each expectation in the 16 KB behind the one before. */
  const isAllThere = (expectations: readonly string[], received: string): boolean => {
    let from = 0;
    return expectations.every((wanted) => {
      const judged = received.slice(from, from + MAX_JUDGED);
      const pattern = new RegExp(wanted.startsWith('/') ? wanted.slice(1, -1) : wanted);
      const match = pattern.exec(judged);
      from += (match?.index ?? 0) + (match?.[0].length ?? 0);
      return match !== null;
    });
  };

  it('passes exactly when everything is there in its order', async () => {
    const run = async (expectations: readonly string[], received: string, where: readonly number[]) => {
      const steps = expectations.flatMap((expect): ScriptStep[] => [{ send: 'more' }, { expect }]);
      const isPassed = await passes({ ...base, type: 'script', script: steps }, received, where);
      assert.equal(isPassed, isAllThere(expectations, received));
    };
    const several = fc.array(expected, { minLength: 1, maxLength: 4 });
    await fc.assert(fc.asyncProperty(several, text, cuts, run), RUNS);
  });
});

describe('an HTTP check', () => {
  const framings = {
    length: (body: string) => [`Content-Length: ${body.length}\r\n\r\n${body}`],
    chunks: (body: string) => [
      'Transfer-Encoding: chunked\r\n\r\n',
      ...(body.match(/.{1,7000}/g) ?? []).map((part) => `${part.length.toString(16)}\r\n${part}\r\n`),
      '0\r\n\r\n',
    ],
    close: (body: string) => ['\r\n', body],
  };
  const answer = fc.record({
    interim: fc.constantFrom('', 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'),
    status: fc.constantFrom(200, 302, 404, 503),
    framing: fc.constantFrom(...(['length', 'chunks', 'close'] as const)),
    body: text,
    /** How much of it is left out at the end. */
    missing: fc.oneof(fc.constant(0), fc.nat(20)),
  });

  it('passes exactly when the whole answer is there, with its status and its text', async () => {
    await fc.assert(
      fc.asyncProperty(answer, cuts, async ({ interim, status, framing, body, missing }, where) => {
        const head = `${interim}HTTP/1.1 ${status} X\r\n`;
        const whole = head + framings[framing](body).join('');
        const sent = whole.slice(0, whole.length - missing);
        const http = { ...HTTP_CHECK_DEFAULTS, status: ['200', '302'], body: 'ab' };
        const isPassed = await passes({ ...base, type: 'http', http }, sent, where);
        // Of a body that ends with the connection nobody can tell that something is missing, unless it has not begun.
        const hasBegun = sent.length >= head.length + 2;
        const isWhole = missing === 0 || (framing === 'close' && hasBegun);
        const came = framing === 'close' ? sent.slice(head.length + 2) : body;
        // Behind a body in chunks come seven bytes more.
        const bytes = body.length - Math.max(0, missing - (framing === 'chunks' ? 7 : 0));
        const isEnough = isWhole || bytes >= MAX_JUDGED;
        const isWanted = status < 400 && came.slice(0, MAX_JUDGED).includes('ab');
        assert.equal(
          isPassed,
          isEnough && isWanted,
          JSON.stringify({ framing, missing, length: body.length }),
        );
      }),
      RUNS,
    );
  });
});
