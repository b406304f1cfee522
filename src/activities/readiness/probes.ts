import { addArms } from '../../analysis/arms.ts'
import { needsCounts, queriesOf } from '../../analysis/checks/needs.ts'
import { expectedTraffic, type MeasuredTraffic, measureTraffic } from '../../analysis/power/expected-traffic.ts'
import {
  backgroundAnswer,
  type CheckSight,
  metricsAnswer,
  trafficAnswer,
} from '../../analysis/readiness/traffic-rules.ts'
import type { Exposure } from '../../domain/exposure.ts'
import { exposureText } from '../../domain/exposure-words.ts'
import { isOff } from '../../domain/flag-reach.ts'
import { countsKeyOf } from '../../domain/plan/checks.ts'
import { allChecks } from '../../domain/plan/consequences.ts'
import { flagsIn } from '../../domain/plan/plan-flags.ts'
import { rehearsedWithin } from '../../domain/policy/rehearsed.ts'
import { pass, type ReadinessAnswer, type ReadinessItem, unknown } from '../../domain/readiness/answers.ts'
import { rehearsalAnswer } from '../../domain/readiness/rehearsal.ts'
import {
  automaticAnswer,
  capacityAnswer,
  namesAnswer,
  routingAnswer,
  undoAnswer,
  undosIn,
  versionAnswer,
  wayBackAnswer,
} from '../../domain/readiness/rules.ts'
import { askQueries } from '../ask-sources.ts'
import type { Checklist } from './checklist.ts'
import { askThroughRouter } from './write-what-is-there.ts'

/** One question of the checklist. It looks, a rule makes an answer of what was seen, and nothing stays changed. */
interface Probe {
  readonly item: ReadinessItem
  /** @throws SluiceError when it cannot be asked: then the answer is not known. */
  readonly ask: (asked: Checklist, signal: AbortSignal) => Promise<ReadinessAnswer>
}

const NO_VERSION = unknown('nobody said which version is to be released', 'say it: sluice ready <plan> --version 2.4.0')

const routing: Probe = {
  item: 'routing',
  async ask(asked, signal) {
    const { input, adapters } = asked
    const { version, holder } = input
    if (version === null) return NO_VERSION
    // The way back is shown first: whoever lets a ticket in must be able to take it back.
    const way = wayBackAnswer(await asked.wayBack())
    if (holder === null || way.outcome !== 'pass')
      return unknown('it was not tried, because the router could not be written', 'see the answer about the way back')
    if (isForUsers(holder.exposure)) return pass(`${exposureText(holder.exposure)} is there already`)
    if (adapters.router.capabilities.tickets !== true)
      return unknown(
        'nobody lets in try-it tickets here',
        'do without it: `without: [routing]` in the gate of the plan',
      )
    // Its own request would be taken for something that the canary pool does without traffic.
    await asked.traffic()
    const sight = await askThroughRouter({ ...asked, holder, version }, await asked.roles(), signal)
    if (sight !== null) return routingAnswer(version, sight)
    return unknown(
      'nobody can ask for the version through the router',
      'set `tickets` and, under `version` of the target, `through` in sluice.yaml',
    )
  },
}

const metrics: Probe = {
  item: 'metrics',
  async ask(asked, signal) {
    const checks = allChecks(asked.input.plan)
    const roles = await asked.roles()
    const [{ observations }, readings] = await Promise.all([
      asked.traffic(),
      askQueries(asked.adapters, { checks, roles }, asked.now(), signal),
    ])
    return metricsAnswer(
      checks.map((check): CheckSight => {
        const counts = needsCounts(check) ? observations[countsKeyOf(check)] : undefined
        const queries = Object.keys(queriesOf(check)).flatMap((key) => readings[check.name]?.[key] ?? [])
        return { check, counts: counts ?? null, queries }
      }),
    )
  },
}

const traffic: Probe = {
  item: 'traffic',
  async ask(asked) {
    const { plan } = asked.input
    const measured = (await asked.sources.trafficOf(plan, asked.now())) ?? (await seenNow(asked))
    const expected = expectedTraffic({}, measured)
    if (expected === null || 'problem' in expected) return trafficAnswer(null)
    const { power } = await asked.sources.runPower({ plan, traffic: expected })
    const weak = power.flatMap(({ lowTraffic }) => lowTraffic ?? [])
    return trafficAnswer({ rps: expected.requestsPerSecond, errors: expected.errors.from, weak, rows: power.length })
  },
}

/** The traffic of this moment, where no source keeps the past. */
async function seenNow(asked: Checklist): Promise<MeasuredTraffic | null> {
  const { observations } = await asked.traffic()
  for (const { stable, canary, window } of Object.values(observations)) {
    if (stable.kind !== 'value') continue
    const counts = canary.kind === 'value' ? addArms(stable.value, canary.value) : stable.value
    return measureTraffic([[{ ...window, counts }]])
  }
  return null
}

const wayBack: Probe = {
  item: 'way-back',
  ask: async (asked) => wayBackAnswer(await asked.wayBack()),
}

const capacity: Probe = {
  item: 'capacity',
  async ask({ adapters, input, roles }, signal) {
    const { router } = adapters
    if (router.health === undefined)
      return unknown(
        'nobody says how many servers of a pool are ready',
        'do without it: `without: [capacity]` in the gate of the plan',
      )
    const { stable } = await roles()
    return capacityAnswer(await router.health(signal), stable, input.plan.capacity?.ready ?? 1)
  },
}

const undo: Probe = {
  item: 'undo',
  async ask({ input, outside, roles }, signal) {
    const { target, version, plan } = input
    const calls = undosIn(plan.actions)
    if (calls.length === 0) return undoAnswer([])
    const request = { target, version: version ?? '', roles: await roles(), releaseId: '', step: 0 }
    const dries = calls.map(async (call) => {
      const asked = { ...request, call, key: `ready/${call}`, direction: 'ask' } as const
      return { call, dry: await outside.dry(asked, signal) }
    })
    return undoAnswer(await Promise.all(dries))
  },
}

const names: Probe = {
  item: 'names',
  async ask({ input, adapters }, signal) {
    const { plan, author } = input
    const flags = flagsIn(plan.actions)
    if (flags.length === 0) return namesAnswer(plan, author, { missingFlags: [], flagFault: null })
    const { flags: seen = {}, flagFault } = await adapters.router.read(signal, flags)
    const isRead = flagFault === undefined
    const missingFlags = isRead ? flags.filter((name) => !Object.hasOwn(seen, name)) : []
    return namesAnswer(plan, author, { missingFlags, flagFault: flagFault?.message ?? null })
  },
}

const version: Probe = {
  item: 'version',
  async ask({ input, outside, roles }, signal) {
    const { target, version: wanted, plan } = input
    if (plan.proof === undefined)
      return unknown('nobody can say which version a pool runs', 'set `version` of the target in sluice.yaml')
    if (wanted === null) return NO_VERSION
    const both = await roles()
    const instances = await outside.versionsOf({ target, version: wanted, roles: both }, both.canary, signal)
    return versionAnswer(wanted, both.canary, instances)
  },
}

const background: Probe = {
  item: 'background',
  async ask(asked, signal) {
    const { input, sources, adapters } = asked
    const { canary: pool } = await asked.roles()
    if (input.holder === null)
      return unknown(`whoever has the router in hand may send users to ${pool}`, 'ask again when it has ended')
    if (isForUsers(input.holder.exposure)) return pass(`${pool} has traffic already`)
    const { observations, sent, time } = await asked.traffic()
    const query = sources.consumesOf(input.target)
    const source = query === null ? undefined : adapters.metrics[query.source]
    const consumed =
      query === null || source === undefined
        ? null
        : await source.query({ query: query.query.replaceAll('$pool', pool), now: asked.now() }, signal)
    const counted = Object.values(observations).flatMap(({ canary }) => (canary.kind === 'value' ? [canary.value] : []))
    return backgroundAnswer({ pool, time, sent, counted: counted[0] ?? null, consumed })
  },
}

const automatic: Probe = {
  item: 'automatic',
  ask: async ({ input }) => automaticAnswer(input.plan),
}

const rehearsal: Probe = {
  item: 'rehearsal',
  async ask({ input, sources, now }) {
    const { rehearsals, plan, planHash, target } = input
    const wanted = { planHash, configHash: sources.configHashOf(target), within: rehearsedWithin(plan) }
    return rehearsalAnswer(rehearsals, { ...wanted, now: now() })
  },
}

/** True when users have the new version, which a try-it ticket alone does not mean. */
function isForUsers(exposure: Exposure): boolean {
  return !isOff(exposure)
}

/** The whole checklist, in the order in which it is told. */
export const PROBES: readonly Probe[] = [
  routing,
  metrics,
  traffic,
  wayBack,
  capacity,
  undo,
  names,
  version,
  background,
  automatic,
  rehearsal,
]
