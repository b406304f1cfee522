import { stableOf } from '../analysis/plan-calibration.ts'
import type { AdapterLists, Installation } from '../config/installation.ts'
import type { MetricResult, RecordedWindow } from '../domain/observation.ts'
import type { TargetId } from '../domain/target.ts'
import type { RecordRequest } from '../metrics/metric-source.ts'

/** What stable did, by one metric source of a target; whichever pool was stable when. */
export type RecordPast = (
  target: TargetId,
  source: string,
  span: Omit<RecordRequest, 'pool'>,
  signal: AbortSignal,
) => Promise<MetricResult<readonly RecordedWindow[]>>

/** A recorder that opens a metric source for each question and closes it again. */
export function createRecorder(installation: Installation, lists: Pick<AdapterLists, 'metricSources'>): RecordPast {
  return async (target, name, span, signal) => {
    const config = installation.find(target)
    const options = config?.metrics[name]
    const definition = lists.metricSources.find(({ kind }) => kind === options?.kind)
    if (config === null || options === undefined || definition === undefined)
      return unavailable(`the target has no metric source ${name}`)
    const source = definition.open(options, { pools: config.pools })
    try {
      if (source.record === undefined) return unavailable(`a ${definition.kind} source does not keep the past`)
      const past: (readonly RecordedWindow[])[] = []
      for (const pool of config.pools) {
        const answer = await source.record({ ...span, pool }, signal)
        if (answer.kind !== 'value' && answer.kind !== 'noData') return answer
        past.push(answer.kind === 'value' ? answer.value : [])
      }
      const stable = stableOf(past[0] ?? [], past[1] ?? [])
      if (stable.length > 0) return { kind: 'value', value: stable }
      return { kind: 'noData', reason: `${name} has no requests of ${config.pools.join(' or ')} in that time` }
    } finally {
      await source.close()
    }
  }
}

function unavailable(reason: string): MetricResult<never> {
  return { kind: 'error', fault: 'unavailable', reason }
}
