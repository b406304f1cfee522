import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AnswerLook, judgeAnswers, startAnswers } from '../../../src/analysis/traffic/answers.ts'
import type { LatencyHistogram } from '../../../src/domain/observation.ts'

const BOUNDS = [0.1, 1, 5, 10]
/** Stable's requests take at most so long, by bucket. */
const usual = (...counts: readonly number[]): LatencyHistogram => ({ upperBoundsSeconds: BOUNDS, counts })
const QUICK = usual(1_000, 0, 0, 0, 0)

/** Looks of a second: what the canary is sent and answers, beside a stable that answers everything unless said otherwise. */
function failures(looks: readonly (Partial<AnswerLook> & { readonly canary: AnswerLook['canary'] })[]) {
  let state = startAnswers()
  return looks.map((look) => {
    const stable = { started: 40, ended: 40 }
    const step = judgeAnswers(state, { duration: 1_000, stable, usual: QUICK, isExact: true, ...look })
    state = step.state
    return { unanswered: Math.round(step.unanswered), ended: Math.round(step.ended) }
  })
}

const times = <Value>(count: number, value: Value) => Array.from({ length: count }, () => value)
const HANGING = { canary: { started: 40, ended: 0 } }
const ANSWERING = { canary: { started: 40, ended: 40 } }
const unansweredIn = (looks: ReturnType<typeof failures>) => looks.reduce((sum, { unanswered }) => sum + unanswered, 0)

describe('requests without an answer', () => {
  it.each([true, false])('become failures once they are older than the grace (exact: %s)', (isExact) => {
    const looks = failures([...times(5, ANSWERING), ...times(8, HANGING)].map((look) => ({ ...look, isExact })))
    expect(looks.slice(0, 8).map(({ unanswered }) => unanswered)).toEqual(times(8, 0))
    expect(looks[8]?.unanswered).toBe(37)
    expect(looks.slice(9).map(({ unanswered }) => unanswered)).toEqual(times(4, 40))
  })

  it('do so within the first look where looks are longer than the grace', () => {
    const [first] = failures([{ duration: 10_000, canary: { started: 400, ended: 0 } }])
    expect(first?.unanswered).toBe(277)
  })

  it('are not counted a second time when they end after all', () => {
    const looks = failures([...times(8, HANGING), { canary: { started: 40, ended: 320 } }])
    expect(looks.at(-1)).toEqual({ unanswered: 0, ended: 197 })
  })

  it('are seen beside others that are answered, where one source counts both', () => {
    const half = { canary: { started: 40, ended: 20 } }
    expect(unansweredIn(failures(times(12, half)))).toBeGreaterThan(100)
  })

  it('are not made up by a router that counts other requests than the source', () => {
    const fewer = { canary: { started: 40, ended: 28 }, isExact: false }
    expect(unansweredIn(failures(times(300, fewer)))).toBe(0)
  })

  it('are no fault of the canary while stable answers nothing either', () => {
    const both = { ...HANGING, stable: { started: 40, ended: 0 }, isExact: false }
    expect(unansweredIn(failures(times(30, both)))).toBe(0)
  })

  it('are expected where requests of stable take as long', () => {
    // Each takes eight seconds: nothing ends in the first eight looks, then as many as begin.
    const slow = [...times(8, HANGING), ...times(60, ANSWERING)]
    expect(unansweredIn(failures(slow.map((look) => ({ ...look, usual: usual(0, 0, 0, 1_000, 0) }))))).toBe(0)
    expect(unansweredIn(failures(slow))).toBeGreaterThan(100)
  })

  it('are expected as long as stable still answers those from before its traffic was taken away', () => {
    const slow = [
      ...times(8, { ...HANGING, stable: { started: 40, ended: 80 } }),
      ...times(60, { ...ANSWERING, stable: { started: 40, ended: 40 } }),
    ]
    const unmeasured = slow.map((look) => ({ ...look, usual: null, isExact: false }))
    expect(unansweredIn(failures(unmeasured))).toBe(0)
  })

  it('that began before the watch do no harm when they end', () => {
    expect(failures([{ canary: { started: 10, ended: 500 } }, ...times(5, ANSWERING)])).toEqual(
      times(6, { unanswered: 0, ended: 0 }),
    )
  })

  it('are never more than were sent, nor ended more than did', () => {
    const count = fc.integer({ min: 0, max: 200 })
    const arm = fc.record({ started: count, ended: count })
    const look = fc.record({
      ...{ duration: fc.constantFrom(1_000, 10_000), canary: arm, stable: arm, isExact: fc.boolean() },
      usual: fc.constantFrom(null, QUICK, usual(0, 0, 100, 0, 50)),
    })
    fc.assert(
      fc.property(fc.array(look, { maxLength: 40 }), (looks) => {
        const seen = failures(looks)
        const sent = looks.reduce((sum, { canary }) => sum + canary.started, 0)
        expect(unansweredIn(seen) - seen.reduce((sum, { ended }) => sum + ended, 0)).toBeLessThanOrEqual(sent + 40)
        for (const [index, { unanswered, ended }] of seen.entries()) {
          expect(unanswered).toBeGreaterThanOrEqual(0)
          expect(ended).toBeGreaterThanOrEqual(0)
          expect(ended).toBeLessThanOrEqual(looks[index]?.canary.ended ?? 0)
        }
      }),
    )
  })
})
