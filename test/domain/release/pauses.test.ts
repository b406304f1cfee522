import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isWorse } from '../../../src/domain/release/pauses.ts'
import type { Pause } from '../../../src/domain/release/release-events.ts'

const pause = (cause: Pause['cause'], more: Pick<Pause, 'asksToGoBack'> = {}): Pause => ({
  ...{ cause, by: 'sluice', reason: 'because', at: 0, ...more },
})

describe('what is found in a pause', () => {
  it.each<[Pause, Pause]>([
    [pause('failed-check'), pause('command')],
    [pause('split'), pause('approval-expired')],
    [pause('failed-check', { asksToGoBack: true }), pause('failed-check')],
    [pause('foreign-change'), pause('failed-check', { asksToGoBack: true })],
  ])('takes its place where the guard would find it again with each look %#', (found, before) => {
    expect(isWorse(found, before)).toBe(true)
    expect(isWorse(before, found)).toBe(false)
  })

  it('never takes the place of one like it, so that it is told once', () => {
    const causes = fc.constantFrom<Pause['cause']>('command', 'failed-check', 'split', 'inconclusive', 'foreign-change')
    const pauses = fc
      .tuple(causes, fc.boolean())
      .map(([cause, asks]) => pause(cause, asks ? { asksToGoBack: true } : {}))
    fc.assert(
      fc.property(pauses, pauses, pauses, (first, second, third) => {
        expect(isWorse(first, first)).toBe(false)
        expect(isWorse(first, second) && isWorse(second, first)).toBe(false)
        if (isWorse(first, second) && isWorse(second, third)) expect(isWorse(first, third)).toBe(true)
      }),
    )
  })
})
