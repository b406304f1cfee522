import type { ReadinessSources } from '../activities/dependencies.ts'
import { powerInThread } from '../api/power.ts'
import { bothPools, createRecorder } from '../api/recorder.ts'
import { trafficOf } from '../api/target-traffic.ts'
import { configurationHash } from '../config/fingerprint.ts'
import type { Installation } from '../config/installation.ts'
import type { AdapterLists } from '../config/installation-schema.ts'
import type { Milliseconds } from '../domain/units.ts'

const SINCE: Milliseconds = 86_400_000

/** What questions about readiness are answered from, as the API answers the same ones. */
export function createReadinessSources(installation: Installation, lists: AdapterLists): ReadinessSources {
  const record = createRecorder(installation, lists, bothPools)
  return {
    configHashOf: (target) => configurationHash(installation, target),
    consumesOf: (target) => installation.find(target)?.consumes ?? null,
    trafficOf: async (plan, now) => (await trafficOf(plan, { since: SINCE, now, record })).measured,
    runPower: (job) => powerInThread(job),
  }
}
