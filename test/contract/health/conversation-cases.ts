/** What servers do to checks that talk with them, and what is to come of it. */
import { HTTP_CHECK_DEFAULTS, POLICY_DEFAULTS } from '../../../core/model/defaults.ts';
import type { HealthCheck, HttpCheck, ScriptStep } from '../../../core/model/resources.ts';
import { FakeClock } from '../../../harness/fake-clock.ts';
import { CUT, END, HEAR, type Move, PAUSE, RESET } from '../../../harness/proxy/playing-server.ts';

export const clock = new FakeClock();
const TIMEOUT_MS = 2_000;
/** The deadline, once the server has got so far. */
export const LATE = () => clock.advance(TIMEOUT_MS);

export const BASE = { ...POLICY_DEFAULTS.healthCheck, timeoutMs: TIMEOUT_MS };
const http = (parts: Partial<HttpCheck> = {}): HealthCheck => ({
  ...BASE,
  type: 'http',
  http: { ...HTTP_CHECK_DEFAULTS, path: '/primary', ...parts },
});
const script = (...steps: ScriptStep[]): HealthCheck => ({ ...BASE, type: 'script', script: steps });
const PING: ScriptStep = { send: 'PING\\r\\n' };
const PONG: ScriptStep = { expect: '+PONG' };

const OK = 'HTTP/1.1 200 OK\r\n';
const length = (bytes: number) => `${OK}Content-Length: ${bytes}\r\n\r\n`;
/** So many that a regular expression is no longer tried on each. */
const DRIPS = Array.from({ length: 700 }, (): Move[] => ['x', PAUSE]).flat();
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
export const PASSED = 'passed';

type Case = readonly [what: string, check: HealthCheck, moves: readonly Move[], result: string];

/** The result is `passed`, or the reason; PORT is the server's. All moves come after the first words of the client. */
export const HTTP_CASES: readonly Case[] = [
  ['an answer', http(), [`${length(2)}ok`], PASSED],
  [
    'a status that is wanted',
    http({ status: ['204', '300-399'] }),
    ['HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n'],
    PASSED,
  ],
  [
    'a redirect that is not wanted',
    http({ status: ['200-299'] }),
    ['HTTP/1.1 301 Moved\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n'],
    'GET :PORT/primary answered 301',
  ],
  [
    'another status',
    http(),
    ['HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno'],
    'GET :PORT/primary answered 503',
  ],
  [
    'an answer in pieces',
    http({ body: 'okay' }),
    ['HTTP/1.', PAUSE, '1 200 OK\r', PAUSE, '\nContent-Length: 4\r\n\r', PAUSE, '\nok', PAUSE, 'ay'],
    PASSED,
  ],
  [
    'a body that ends with the connection',
    http({ body: 'the end' }),
    [`${OK}\r\nthe`, PAUSE, ' end', END],
    PASSED,
  ],
  [
    'a body in chunks with trailers',
    http({ body: 'okay' }),
    [`${CHUNKED}2\r\nok\r\n`, PAUSE, '2\r\nay\r\n0\r\nX-Sum: 1\r\n\r\n'],
    PASSED,
  ],
  ['an answer to HEAD', http({ method: 'HEAD' }), [length(1_000)], PASSED],
  [
    'interim answers',
    http(),
    ['HTTP/1.1 100 Continue\r\n\r\n', PAUSE, `HTTP/1.1 103 Early Hints\r\n\r\n${length(2)}ok`],
    PASSED,
  ],
  [
    'a text in UTF-8',
    http({ body: 'größe' }),
    [`${length(7)}${Buffer.from('größe').toString('latin1')}`],
    PASSED,
  ],
  [
    'a body without the text',
    http({ body: 'role:master' }),
    [`${length(10)}role:slave`],
    'GET :PORT/primary answered 200 with no "role:master" in the first 10 bytes',
  ],
  [
    'an empty body',
    http({ body: 'ready' }),
    [length(0)],
    'GET :PORT/primary answered 200 with no "ready": the body is empty',
  ],
  [
    'the text behind 16 KB',
    http({ body: 'late' }),
    [`${length(20_000)}${'x'.repeat(16_384)}late${'x'.repeat(3_612)}`],
    'GET :PORT/primary answered 200 with no "late" in the first 16384 bytes',
  ],
  [
    '10 MB of which it needs the first 16 KB',
    http({ body: 'ok' }),
    [length(10_000_000), 'ok', { forever: 'x' }],
    PASSED,
  ],
  ['a body that never ends', http(), [`${OK}\r\n`, { forever: 'x' }], PASSED],
  [
    'gzip that nobody asked for',
    http({ body: 'ok' }),
    [`${OK}Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00`],
    'GET :PORT/primary answered 200 with no "ok" in the first 4 bytes',
  ],
  ['another answer behind the first', http(), [`${length(2)}okHTTP/1.1 503 No\r\n\r\n`], PASSED],
  [
    'half a body',
    http(),
    [`${length(20)}ok`, END],
    'the server closed the connection before the end of the 200 answer to GET :PORT/primary',
  ],
  [
    'half a body, cut',
    http(),
    [`${length(20)}ok`, CUT],
    'the server closed the connection before the end of the 200 answer to GET :PORT/primary',
  ],
  [
    'half a chunk',
    http(),
    [`${CHUNKED}5\r\nok`, END],
    'the server closed the connection before the end of the 200 answer to GET :PORT/primary',
  ],
  [
    'half a body and a reset',
    http(),
    [`${length(20)}ok`, PAUSE, RESET],
    '(connection reset|the server closed the connection) before the .*answer to GET :PORT/primary.*',
  ],
  [
    'half the headers',
    http(),
    [`${OK}Content-Le`, END],
    'the server closed the connection before the answer to GET :PORT/primary',
  ],
  [
    'an end at once',
    http(),
    [END],
    'the server closed the connection before the answer to GET :PORT/primary',
  ],
  ['a reset at once', http(), [RESET], 'connection reset before the answer to GET :PORT/primary'],
  ['silence', http(), [LATE], 'timed out after 2s waiting for the answer to GET :PORT/primary'],
  [
    'half a body and silence',
    http(),
    [`${length(20)}ok`, PAUSE, LATE],
    'timed out after 2s waiting for the (end of the 200 )?answer to GET :PORT/primary',
  ],
  ['junk', http(), ['\0\x01\x02junk\r\n\r\n'], 'the answer to GET :PORT/primary is not HTTP'],
  ['HTTP/0.9', http(), ['<html>ok</html>', END], 'the answer to GET :PORT/primary is not HTTP'],
  [
    'a broken chunk',
    http(),
    [`${CHUNKED}secret\r\nok\r\n`],
    'the answer to GET :PORT/primary is not valid HTTP: Invalid character in chunk size',
  ],
  [
    'another protocol',
    http(),
    ['HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
    'GET :PORT/primary answered 101',
  ],
  [
    'headers that never end',
    http(),
    [OK, { forever: `X-Long: ${'x'.repeat(1_000)}\r\n` }],
    'the answer to GET :PORT/primary has more than 16 KB of headers',
  ],
  [
    'trailers that never end',
    http(),
    [`${CHUNKED}2\r\nok\r\n0\r\n`, { forever: 'X-Trailer: x\r\n' }],
    'the answer to GET :PORT/primary has more than 16 KB of headers',
  ],
  [
    'interim answers that never end',
    http(),
    [{ forever: 'HTTP/1.1 103 Early Hints\r\n\r\n' }],
    'the server sent more than 128 KB before the answer to GET :PORT/primary',
  ],
  ['chunks of a byte that never end', http(), [CHUNKED, { forever: '1\r\nx\r\n' }], PASSED],
];

export const SCRIPT_CASES: readonly Case[] = [
  ['what is expected', script(PING, PONG), ['+PONG\r\n'], PASSED],
  ['it in pieces', script(PING, PONG), ['+', PAUSE, 'PO', PAUSE, 'NG\r\n'], PASSED],
  ['it amid other text', script(PING, PONG), [`banner\r\n${'x'.repeat(1_000)}+PONG!`], PASSED],
  ['two expectations in one piece', script(PING, PONG, { expect: 'OK' }), ['+PONG OK'], PASSED],
  [
    'them in the wrong order',
    script(PING, PONG, { expect: 'OK' }),
    ['OK +PONG', END],
    'the server closed the connection before "OK"',
  ],
  [
    'a dialogue',
    script(
      PING,
      PONG,
      { send: 'INFO\\n' },
      { expect: '/role:(master|leader)/' },
      { send: 'QUIT\\n' },
      { expect: '+OK' },
    ),
    ['+PONG\r\n', HEAR, 'a:1\r\nrole:', PAUSE, 'master\r\n', HEAR, '+OK\r\n', END],
    PASSED,
  ],
  ['bytes', script({ send: '\\x00\\xff' }, { expect: '\\xfe\\x00\\x01' }), ['a\xfe\0\x01'], PASSED],
  ['the answer and an end', script(PING, PONG, { send: 'QUIT\\n' }), ['+PONG\r\n', END], PASSED],
  [
    'another role',
    script(PING, PONG, { send: 'INFO\\n' }, { expect: 'role:master' }),
    ['+PONG role:slave', HEAR, LATE],
    'no "role:master" in the first 11 bytes within 2s',
  ],
  ['silence', script(PING, PONG), [LATE], 'timed out after 2s waiting for "\\+PONG"'],
  [
    'an end before it',
    script(PING, PONG),
    ['+PON', END],
    'no "\\+PONG" in the first 4 bytes, then the server closed the connection',
  ],
  ['an end at once', script(PING, PONG), [END], 'the server closed the connection before "\\+PONG"'],
  [
    'a reset before it',
    script(PING, PONG),
    ['+PON', PAUSE, RESET],
    '(no "\\+PONG" in the first 4 bytes, then )?(connection reset|the server closed the connection).*',
  ],
  ['text that never ends', script(PING, PONG), [{ forever: 'x' }], 'no "\\+PONG" in the first 16384 bytes'],
  [
    'text that never ends, for a regular expression',
    script(PING, { expect: '/x+y/' }),
    [{ forever: 'x' }],
    'no "/x\\+y/" in the first 16384 bytes',
  ],
  [
    'it behind 16 KB',
    script(PING, PONG),
    [`${'x'.repeat(16_384)}+PONG`],
    'no "\\+PONG" in the first 16384 bytes',
  ],
  ['a regular expression over many pieces', script(PING, { expect: '/x+y/' }), [...DRIPS, 'y', END], PASSED],
  [
    'one that is there at the deadline',
    script(PING, { expect: '/x+y/' }),
    [...DRIPS, 'y', PAUSE, PAUSE, LATE],
    PASSED,
  ],
];
