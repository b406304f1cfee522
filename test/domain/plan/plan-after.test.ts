import { describe, expect, it } from 'vitest'
import { afterText } from '../../../src/domain/plan/plan-after.ts'
import { readPlanText } from '../../../src/domain/plan/plan-text.ts'
import { formatProblem } from '../../../src/domain/problems.ts'
import { planContext } from './plan-context.ts'

const DAY = 86_400_000

function read(after: string) {
  const text = `service: checkout\nenvironment: production\nsteps: [{ weight: 100% }]\n${after}\n`
  const result = readPlanText(text, 'plan.yaml', planContext())
  return 'problems' in result ? result.problems.map(formatProblem).join('\n') : result.plan
}

describe('what a plan says of the time after the promotion', () => {
  it('is absent where it says nothing, so that older plans are what they were', () => {
    expect(read('')).not.toHaveProperty('after')
  })

  it('is how long to watch, how long the old pool is kept, and what a failure does', () => {
    expect(read('after: { watch: 14d }')).toMatchObject({ after: { watch: 14 * DAY, onFail: 'tell', alone: [] } })
    expect(read('after: { watch: 1d, keep: 2h, onFail: rollback }')).toMatchObject({
      after: { watch: DAY, keep: 7_200_000, onFail: 'rollback' },
    })
  })

  it.each([
    ['after: {}', 'this says nothing of the time after the promotion'],
    ['after: { keep: 1h, onFail: rollback }', 'nothing can fail after the promotion unless it is watched'],
    ['after: { watch: 1d, onFail: rollback }', 'a pool that nobody says is kept'],
    ['after: { watch: 10s }', 'write one of that size'],
    ['after: { watch: 1d, onFail: pause }', 'rollback'],
  ])('is refused as %s', (text, message) => {
    expect(read(text)).toContain(message)
  })

  it('is one line for people', () => {
    const after = { watch: 14 * DAY, keep: 7_200_000, onFail: 'rollback', alone: [] } as const
    expect(afterText({ after })).toBe(
      'after the promotion: watched for 14d; when a check fails: everybody goes back while the old pool is kept; the old pool is kept for 2h',
    )
    expect(afterText({})).toBeNull()
  })
})
