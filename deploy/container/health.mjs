// Exits with 0 if one of the URLs answers 200 within two seconds, and with 1 otherwise. The image has no curl.
//   node health.mjs http://127.0.0.1:7100/readyz
const DEADLINE_MS = 2_000;

const urls = process.argv.slice(2);
if (urls.length === 0) {
  console.error('usage: node health.mjs URL...');
  process.exit(2);
}
const answers = urls.map(async (url) => {
  const response = await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) });
  const body = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${body.trim()}`);
  return url;
});
try {
  console.log(`${await Promise.any(answers)} answers`);
} catch (error) {
  for (const each of error.errors) console.error(each.message);
  process.exit(1);
}
