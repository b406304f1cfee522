import { describe, expect, it } from 'vitest'
import { armOf } from '../../src/metrics/arm.ts'

const known = { events: [], countsStarted: true, gaps: {} }
const started = (by: number) => ({ measure: { kind: 'started' as const }, by })

describe('a pool of which no request has ended', () => {
  it('has answered none when some were sent', () => {
    expect(armOf('green', [started(40)], known)).toMatchObject({
      kind: 'value',
      value: { requests: 0, errors: 0, started: 40 },
    })
  })

  it('is not seen when none were', () => {
    expect(armOf('green', [started(0)], known)).toMatchObject({ kind: 'noData' })
    expect(armOf('green', [], known)).toMatchObject({ kind: 'noData' })
  })
})
