import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, it } from 'vitest'
import type { ReleaseDirectory } from '../../src/activities/dependencies.ts'
import { permitFor } from '../../src/activities/permit-of-attempt.ts'

const STALE = { code: 'router.stale-write' }
const [RUN, FORMER] = ['run-2', 'run-1']

/** Asks for leave in `RUN` for what was asked for by a run, and counts how often Temporal is asked. */
async function ask(askedBy: string | undefined) {
  let asked = 0
  const isCurrent = async () => {
    asked += 1
    return 'yes' as const
  }
  const here = new MockActivityEnvironment({ workflowExecution: { workflowId: 'lane/shop/production', runId: RUN } })
  const leave = here.run(() => permitFor({ isCurrent } as unknown as ReleaseDirectory, 'back', askedBy).confirm())
  return leave.then(() => asked)
}

describe('a write', () => {
  it.each([RUN, undefined])('that %s has asked for waits for what Temporal says', async (askedBy) => {
    expect(await ask(askedBy)).toBe(1)
  })

  it('that a former run has asked for is not made, whatever Temporal says', async () => {
    await expect(ask(FORMER)).rejects.toMatchObject(STALE)
  })
})
