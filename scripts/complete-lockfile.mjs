// Adds to package-lock.json what npm left out: binary packages for other platforms that the registry in use does not
// serve. npm writes a lockfile without them and then refuses it ("npm ci": Missing ... from lock file).
// Run it after an `npm install` that changed versions. A lockfile that is complete stays as it is.
//
// Invariant: only packages whose name says another operating system, processor or C library than a mirror serves are
// added, so nothing is ever installed unchecked where a complete lockfile would have had a hash.
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = 'package-lock.json';
const OS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const CPU = ['arm64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64'];
const LIBC = { gnu: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' };

function platformOf(name) {
  const words = name.split(/[/-]/);
  const os = OS.find((word) => words.includes(word));
  const cpu = CPU.find((word) => words.includes(word));
  if (os === undefined || cpu === undefined) throw new Error(`${name}: its name does not tell its platform`);
  const libc = words.map((word) => LIBC[word]).find((word) => word !== undefined);
  return { cpu: [cpu], ...(os === 'linux' && libc && { libc: [libc] }), os: [os] };
}

const lockfile = JSON.parse(readFileSync(FILE, 'utf8'));
const { packages } = lockfile;
const added = Object.values(packages).flatMap((owner) =>
  Object.entries(owner.optionalDependencies ?? {})
    .filter(([name]) => packages[`node_modules/${name}`] === undefined)
    .map(([name, version]) => {
      const { cpu, libc, os } = platformOf(name);
      const entry = {
        version,
        cpu,
        ...(owner.dev && { dev: true }),
        ...(libc && { libc }),
        optional: true,
        os,
      };
      return [`node_modules/${name}`, entry];
    }),
);
if (added.length > 0) {
  const sorted = [...Object.entries(packages), ...added].sort(([a], [b]) => a.localeCompare(b, 'en'));
  writeFileSync(FILE, `${JSON.stringify({ ...lockfile, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
}
console.log(`${FILE}: ${added.length} packages for other platforms added`);
