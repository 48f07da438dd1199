/** What the store holds was written by a newer program, in a format that this one can't read. */
import { LbError } from '../../core/runtime/errors.ts';

export class NewerFormatError extends LbError {
  constructor(message: string) {
    super('FAILED_PRECONDITION', message);
    this.name = 'NewerFormatError';
  }
}
