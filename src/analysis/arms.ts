import type { ArmCounts } from '../domain/observation.ts'
import { addHistograms } from './histogram.ts'

/** What an arm did that nobody asked. */
export const NO_REQUESTS: ArmCounts = { requests: 0, errors: 0, latency: null, events: {} }

/** Both together. Latencies in different buckets cannot be added: those of the second, the later one, stay. */
export function addArms(first: ArmCounts, second: ArmCounts): ArmCounts {
  const names = [...new Set([...Object.keys(first.events), ...Object.keys(second.events)])]
  return {
    requests: first.requests + second.requests,
    errors: first.errors + second.errors,
    latency:
      first.latency === null || second.latency === null
        ? (first.latency ?? second.latency)
        : (addHistograms(first.latency, second.latency) ?? second.latency),
    events: Object.fromEntries(names.map((name) => [name, (first.events[name] ?? 0) + (second.events[name] ?? 0)])),
    ...bothMissing(first, second),
  }
}

/** What one of them does not know, the sum does not know either. */
function bothMissing({ missing: first }: ArmCounts, { missing: second }: ArmCounts): Pick<ArmCounts, 'missing'> {
  if (first === undefined && second === undefined) return {}
  const events = { ...first?.events, ...second?.events }
  return { missing: { ...first, ...second, ...(Object.keys(events).length > 0 && { events }) } }
}
