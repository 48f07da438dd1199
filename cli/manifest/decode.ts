/** The bytes of a manifest file as text, or what they are instead. Pure. */
import { isUtf8 } from 'node:buffer';

/** As much as one request can carry. */
export const MAX_BYTES = 16 * 1_048_576;

const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = '\ufeff';
const INVISIBLE: readonly (readonly [RegExp, what: string])[] = [
  [/\ufeff/, 'a byte order mark (U+FEFF), which only the beginning of a file may have; delete it'],
  [/(?![\t\r\u0085])\p{Cc}/u, 'a control character, CODE; delete it'],
];

export interface Undecodable {
  readonly line: number;
  readonly description: string;
}

/** What makes these bytes no manifest, each with its line; none: `textOf` reads them. */
export function undecodable(bytes: Buffer): Undecodable[] {
  if (bytes.length > MAX_BYTES) {
    const description = `is larger than ${MAX_BYTES / 1_048_576} MiB, more than one request can carry; split it into several`;
    return [{ line: 1, description }];
  }
  const [first, second] = bytes;
  // The first character of a manifest is ASCII, so that one of its bytes is 0 in any wider encoding.
  if (
    (first === 0xff && second === 0xfe) ||
    (first === 0xfe && second === 0xff) ||
    first === 0 ||
    second === 0
  ) {
    const description = 'is in UTF-16 or UTF-32; save it as UTF-8, for example with iconv -f UTF-16 -t UTF-8';
    return [{ line: 1, description }];
  }
  if (!isUtf8(bytes)) {
    const description =
      'holds bytes that are not UTF-8; save it as UTF-8, for example with iconv -f LATIN1 -t UTF-8';
    return [{ line: firstLineThatIsNotUtf8(bytes), description }];
  }
  return textOf(bytes).split('\n').flatMap(invisibleIn);
}

/** Without the byte order mark at its beginning, if it has one. */
export function textOf(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}

function invisibleIn(line: string, index: number): Undecodable[] {
  return INVISIBLE.flatMap(([pattern, what]) => {
    const [found] = pattern.exec(line) ?? [];
    if (found === undefined) return [];
    const code = `U+${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
    return [{ line: index + 1, description: `holds ${what.replace('CODE', code)}` }];
  });
}

function firstLineThatIsNotUtf8(bytes: Buffer): number {
  let line = 1;
  let start = 0;
  for (;;) {
    const end = bytes.indexOf(NEWLINE, start);
    if (end === -1 || !isUtf8(bytes.subarray(start, end))) return line;
    start = end + 1;
    line += 1;
  }
}
