import { readPlan } from '../../src/domain/plan/plan.ts'
import { describeReleases } from '../contracts/releases-contract.ts'
import { FACTS, planContext } from '../domain/plan/plan-context.ts'
import { createFakeReleases } from '../support/fake-releases.ts'

const TARGET = { service: 'checkout', environment: 'production' }
const CONTEXT = planContext({ ...FACTS, groups: { owners: ['alice', 'bob', 'carol'] } })
/** More than any plan of the contract has to do. */
const MOST_STEPS = 20

describeReleases('in memory', async () => {
  let time = 0
  const releases = createFakeReleases({ now: () => (time += 1_000) })
  return {
    releases,
    target: TARGET,
    planOf(source) {
      const read = readPlan({ ...TARGET, ...source }, CONTEXT)
      if ('problems' in read) throw new Error(JSON.stringify(read.problems))
      return read.plan
    },
    async untilCard(releaseId, wanted) {
      for (let step = 0; step < MOST_STEPS; step += 1) {
        const card = await releases.show(releaseId)
        if (wanted(card)) return card
        releases.advance(releaseId)
      }
      throw new Error(`${releaseId} did not come to where it was wanted`)
    },
    async until(look, wanted) {
      const seen = await look()
      if (wanted(seen)) return seen
      throw new Error(`seen instead: ${JSON.stringify(seen)}`)
    },
    close: async () => undefined,
  }
})
