#!/usr/bin/env node
/** The start of lb-data-plane: run.ts is loaded only when there are descriptors to load it with. */
import { requireDescriptors } from '../core/runtime/lifecycle.ts';

requireDescriptors('lb-data-plane', 256);
await import('./run.ts');
