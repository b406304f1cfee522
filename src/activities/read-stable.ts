import { stableOf } from '../analysis/traffic/stable-of.ts'
import type { MetricResult, RecordedWindow } from '../domain/observation.ts'
import type { MetricSource, RecordRequest } from '../metrics/metric-source.ts'
import type { TargetAdapters } from './dependencies.ts'

/** Stable's windows in a record: of both pools, in each window the one with more requests. Empty where nothing was kept. */
export async function readStable(
  source: MetricSource,
  pools: TargetAdapters['pools'],
  span: Omit<RecordRequest, 'pool'>,
): Promise<readonly RecordedWindow[]> {
  const { signal } = new AbortController()
  const ask = (pool: string) => source.record?.({ ...span, pool }, signal)
  const [first, second] = [await ask(pools[0]), await ask(pools[1])]
  return stableOf(windowsOf(first), windowsOf(second))
}

function windowsOf(answer: MetricResult<readonly RecordedWindow[]> | undefined): readonly RecordedWindow[] {
  return answer?.kind === 'value' ? answer.value : []
}
