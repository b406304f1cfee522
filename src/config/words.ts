import type { SluiceError } from '../domain/errors.ts'
import type { Problem } from '../domain/problems.ts'

/** What an error says, as the words of a problem. */
export function wordsOf({ message, received, expected, fix }: SluiceError): Omit<Problem, 'rule' | 'path'> {
  return {
    message,
    ...(received !== undefined && { received }),
    ...(expected !== undefined && { expected }),
    ...(fix !== undefined && { fix }),
  }
}
