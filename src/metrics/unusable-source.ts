import type { MetricSourceCapabilities } from '../domain/capabilities.ts'
import type { MetricResult } from '../domain/observation.ts'
import { lookNotTaken } from './look.ts'
import type { MetricSource } from './metric-source.ts'

/** A source that could not be set up: whatever it is asked, it says why. So only the checks that ask it are blind. */
export function createUnusableSource(capabilities: MetricSourceCapabilities, reason: string): MetricSource {
  const fault: MetricResult<never> = { kind: 'error', fault: 'unavailable', reason }
  return {
    capabilities: { ...capabilities, records: false },
    async observe(request, signal) {
      signal.throwIfAborted()
      return lookNotTaken(request, request.now, { stable: fault, canary: fault })
    },
    async query(_, signal) {
      signal.throwIfAborted()
      return fault
    },
    async close() {},
  }
}
