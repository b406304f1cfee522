import { readPlan } from '../../src/domain/plan/plan.ts'
import { releaseIdOf } from '../../src/domain/target.ts'
import { CONTEXT } from './demo-installation.ts'
import type { FakeReleases } from './fake-releases.ts'

const QUICK = { service: 'checkout', environment: 'production', steps: [{ weight: '100%' }], after: { keep: '2h' } }

/** Promotes v1 and then v2 on `checkout/production`, whose plan keeps the pool of v1 for two hours. */
export async function promoteTwo(releases: FakeReleases): Promise<void> {
  const read = readPlan(QUICK, CONTEXT)
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  const asked = {
    plan: read.plan,
    author: { person: 'carol', entrance: 'demo' },
    reason: '',
    whenBusy: 'reject',
  } as const
  for (const [index, version] of ['v1', 'v2'].entries()) {
    await releases.start({ ...asked, version, key: version })
    releases.advance(releaseIdOf(QUICK, index + 1), 2)
  }
}
