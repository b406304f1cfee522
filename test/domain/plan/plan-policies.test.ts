import { describe, expect, it } from 'vitest'
import { readPlan } from '../../../src/domain/plan/plan.ts'
import { driftPolicyOf, floorOf } from '../../../src/domain/plan/plan-policies.ts'
import { planContext } from './plan-context.ts'

const read = (policies: object) =>
  readPlan({ service: 'checkout', environment: 'production', steps: [{ weight: '100%' }], ...policies }, planContext())

function policiesOf(policies: object) {
  const result = read(policies)
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return { onDrift: result.plan.onDrift, floor: result.plan.floor }
}

describe('onDrift', () => {
  it('pauses after three repairs in a row or a tenth of a bake, unless the plan says otherwise', () => {
    expect(policiesOf({}).onDrift).toEqual({ repairs: 3, share: 0.1 })
    expect(policiesOf({ onDrift: { repairs: 1 } }).onDrift).toEqual({ repairs: 1, share: 0.1 })
    expect(policiesOf({ onDrift: { share: '2.5%' } }).onDrift).toEqual({ repairs: 3, share: 0.025 })
    expect(policiesOf({ onDrift: { repairs: 100, share: '100%' } }).onDrift).toEqual({ repairs: 100, share: 1 })
  })

  it.each([
    { repairs: 0 },
    { repairs: 101 },
    { repairs: 1.5 },
    { share: '0%' },
    { share: '101%' },
    { share: 0.1 },
    { off: true },
  ])('refuses %j', (onDrift) =>
    expect(read({ onDrift })).toMatchObject({ problems: [{ path: ['onDrift', Object.keys(onDrift)[0]] }] }),
  )
})

describe('floor', () => {
  it('is every second of at least 20 requests, unless the plan says otherwise', () => {
    expect(policiesOf({}).floor).toEqual({ errors: 0.5, requests: 20 })
    expect(policiesOf({ floor: { errors: '10%' } }).floor).toEqual({ errors: 0.1, requests: 20 })
    expect(policiesOf({ floor: { errors: '95%', requests: 1_000 } }).floor).toEqual({ errors: 0.95, requests: 1_000 })
  })

  it.each([
    { errors: '95.1%' },
    { errors: '100%' },
    { errors: '0%' },
    { errors: 0.5 },
    { requests: 0 },
    { requests: 1_001 },
    { enabled: false },
  ])('refuses %j', (floor) => {
    expect(read({ floor })).toMatchObject({ problems: [{ path: ['floor', Object.keys(floor)[0]] }] })
  })

  it('cannot be switched off', () => {
    for (const floor of [null, false, 'off', '0%']) {
      expect(read({ floor })).toMatchObject({ problems: [{ path: ['floor'] }] })
    }
  })
})

describe('a plan of an older history', () => {
  it('has the default of both', () => {
    expect(driftPolicyOf({})).toEqual(policiesOf({}).onDrift)
    expect(floorOf({})).toEqual(policiesOf({}).floor)
  })

  it('changes nothing for a plan that says them', () => {
    const said = policiesOf({ onDrift: { repairs: 5, share: '20%' }, floor: { errors: '30%', requests: 50 } })
    expect(driftPolicyOf(said)).toEqual({ repairs: 5, share: 0.2 })
    expect(floorOf(said)).toEqual({ errors: 0.3, requests: 50 })
  })
})
