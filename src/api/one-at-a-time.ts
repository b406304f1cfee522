import { SluiceError } from '../domain/errors.ts'

/** Lets one piece of work run and refuses the others meanwhile: each may take a core for some seconds. */
export function oneAtATime(message: string): <T>(work: () => Promise<T>) => Promise<T> {
  let isRunning = false
  return async (work) => {
    if (isRunning) throw new SluiceError('request.too-many', { message, fix: 'ask again in a few seconds' })
    isRunning = true
    try {
      return await work()
    } finally {
      isRunning = false
    }
  }
}
