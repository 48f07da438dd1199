// What tsc does not do: put the files that are read at run time beside the emitted ones, drop outputs whose
// source is gone, and make the programs executable, so that `npx lbctl` works in a checkout.
import { chmodSync, cpSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

cpSync('proto', 'dist/proto', { recursive: true, filter: (source) => !source.endsWith('.md') });
// All of the files of the page are served, so one that is gone must not stay.
rmSync('dist/control-plane/dashboard/public', { recursive: true, force: true });
cpSync('control-plane/dashboard', 'dist/control-plane/dashboard', {
  recursive: true,
  filter: (source) => !source.endsWith('.ts'),
});
for (const file of readdirSync('dist', { recursive: true, encoding: 'utf8' })) {
  // A script for the browser is copied as it is, so its source has the same name.
  if (file.endsWith('.js') && !existsSync(file) && !existsSync(file.replace(/\.js$/, '.ts'))) {
    rmSync(join('dist', file));
    rmSync(join('dist', `${file}.map`), { force: true });
  }
}
for (const program of ['control-plane', 'data-plane', 'cli']) {
  if (existsSync(`dist/${program}/main.js`)) chmodSync(`dist/${program}/main.js`, 0o755);
}
// scripts/start.mjs compares its time with that of the sources.
writeFileSync('dist/.built', '');
