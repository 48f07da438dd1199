// Runs several test files in this process, one after the other. Starting a process costs more than most unit tests do.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

for (const file of process.argv.slice(2)) await import(pathToFileURL(resolve(file)).href);
