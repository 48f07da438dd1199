/** How long a test goes on: `npm run test:long` sets TEST_LENGTH=long for the files that import this. */

const isLongRun = process.env['TEST_LENGTH'] === 'long';

export function byRunLength<T>(short: T, long: T): T {
  return isLongRun ? long : short;
}
