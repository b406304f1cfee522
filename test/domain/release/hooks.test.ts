import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NewEvent } from '../../../src/domain/release/command-events.ts'
import { hasOpenUndo, openUndos, undoPause, undoWords } from '../../../src/domain/release/hooks.ts'
import { reasonOf } from '../../../src/domain/release/release-details.ts'
import type { ReleaseEvent } from '../../../src/domain/release/release-events.ts'
import { reduce } from '../../../src/domain/release/release-reducer.ts'
import { beginState, type ReleaseState } from '../../../src/domain/release/release-state.ts'

const ID = 'release/checkout/production/7'
const NOBODY = { weight: 0, cohorts: [] }
const baseline: NewEvent = {
  type: 'baseline-recorded',
  roles: { stable: 'blue', canary: 'green' },
  exposure: NOBODY,
}
const called = (step: number, call: string, undo: string | null = null): NewEvent => ({
  ...{ type: 'hook-called', step, call, undo },
  direction: 'do',
})
const undoing = (step: number, call: string): NewEvent => ({
  ...{ type: 'hook-called', step, call, undo: null },
  direction: 'undo',
})
const abandoned: NewEvent = { type: 'abandoned', cause: 'abort', by: 'bob', reason: 'no' }
const failed = (call: string, isRefusal: boolean): NewEvent => ({
  ...{ type: 'hook-failed', call, isRefusal },
  reason: 'exit code 1',
})

function after(...events: readonly NewEvent[]): ReleaseState {
  return events.reduce<ReleaseState>(
    (state, event, at) => reduce(state, { ...event, at } as ReleaseEvent),
    beginState(ID),
  )
}

describe('a call', () => {
  it('has what undoes it registered before it is asked for, once however often it is tried', () => {
    const state = after(baseline, called(1, 'deploy', 'remove'), failed('deploy', false), called(1, 'deploy', 'remove'))
    expect(state.undos).toMatchObject([{ step: 1, call: 'remove', undoes: 'deploy', standing: 'open' }])
  })

  it('keeps its key until it is answered with a no', () => {
    const first = after(baseline, called(2, 'deploy'))
    expect(first.hook?.key).toBe('release/checkout/production/7/step-2/deploy')
    const unclear = after(baseline, called(2, 'deploy'), failed('deploy', false), called(2, 'deploy'))
    expect(unclear.hook?.key).toBe(first.hook?.key)
    const refused = after(baseline, called(2, 'deploy'), failed('deploy', true), called(2, 'deploy'))
    expect(refused.hook?.key).toBe('release/checkout/production/7/step-2/deploy/2')
  })

  it('is another one in another step', () => {
    const state = after(baseline, called(2, 'deploy'), failed('deploy', true), called(4, 'deploy'))
    expect(state.hook?.key).toBe('release/checkout/production/7/step-4/deploy')
  })

  it('is answered once, whoever answers twice', () => {
    const key = 'release/checkout/production/7/step-1/deploy'
    const yes: NewEvent = { type: 'hook-answered', key, isDone: true, reason: 'rolled out' }
    const state = after(baseline, called(1, 'deploy'), { type: 'hook-begun', call: 'deploy', due: 9 }, yes)
    expect(state.hook?.answer).toEqual({ isDone: true, reason: 'rolled out' })
    expect(reduce(state, { ...yes, isDone: false, at: 20 } as ReleaseEvent)).toBe(state)
  })

  it('is not asked for any more once the release is being rolled back', () => {
    expect(after(baseline, abandoned, called(1, 'deploy', 'remove')).undos).toBeUndefined()
  })

  it('is what the release waits for while it runs', () => {
    const state = after(baseline, called(1, 'deploy'))
    expect([state.phase, reasonOf(state)]).toEqual(['waiting', 'deploy runs'])
  })
})

describe('what undoes a call', () => {
  const two = [baseline, called(1, 'deploy', 'remove'), called(3, 'warm', 'cool'), abandoned]

  it('is carried out in reverse order', () => {
    expect(openUndos(after(...two)).map(({ call }) => call)).toEqual(['cool', 'remove'])
  })

  it('keeps the release open until it is done, and its failures are said', () => {
    const broken: NewEvent = { type: 'undo-failed', step: 3, call: 'cool', reason: 'it answered 500', isRefusal: false }
    const state = after(...two, undoing(3, 'cool'), broken)
    expect(after(...two, undoing(3, 'cool'), broken, { type: 'refused' }).phase).not.toBe('refused')
    expect(undoWords(state)).toBe('warm is not undone yet: cool failed once, last: it answered 500')
    expect(reasonOf(state)).toBe(`no; ${undoWords(state)}`)
    const done = after(
      ...[...two, undoing(3, 'cool'), broken, undoing(3, 'cool')],
      ...(['cool', 'remove'].map((call) => ({
        type: 'undo-done',
        step: call === 'cool' ? 3 : 1,
        call,
        text: '',
      })) as NewEvent[]),
      { type: 'refused' },
    )
    expect(done.phase).toBe('refused')
    expect(done.trail.map(({ text }) => text).slice(-3)).toEqual([
      'warm undone by cool',
      'deploy undone by remove',
      'nobody was exposed: no change was requested from the router',
    ])
  })

  it('is left where another release owns the target, and that is said', () => {
    const state = after(...two, { type: 'undos-left', reason: 'another release owns the target' })
    expect(hasOpenUndo(state)).toBe(false)
    expect(state.trail.at(-1)?.text).toBe('deploy, warm not undone: another release owns the target')
  })

  it('is tried again after pauses that grow to a minute', () => {
    const tried = (tries: number) => ({ undos: [{ ...after(...two).undos![0]!, tries }] })
    expect([1, 2, 3, 6, 40].map((tries) => undoPause(tried(tries)))).toEqual([2_000, 4_000, 8_000, 60_000, 60_000])
  })
})

describe('a release, whatever happens to it,', () => {
  const events = fc.oneof(
    fc.constantFrom(baseline, abandoned, called(1, 'deploy', 'remove'), called(2, 'warm', 'cool'), called(3, 'tell')),
    fc.constantFrom<NewEvent>(
      { type: 'exposure-wanted', step: 4, exposure: { weight: 500, cohorts: [] } },
      { type: 'rollback-wanted' },
      { type: 'exposure-confirmed', exposure: NOBODY },
      { type: 'rolled-back' },
      { type: 'refused' },
      { type: 'undo-done', step: 1, call: 'remove', text: '' },
      { type: 'undo-done', step: 2, call: 'cool', text: '' },
      { type: 'undo-failed', step: 2, call: 'cool', reason: 'x', isRefusal: true },
      failed('warm', true),
    ),
  )

  it('is not over as rolled back or refused while something is to be undone, and each effect is undone at most once', () => {
    fc.assert(
      fc.property(fc.array(events, { maxLength: 40 }), (life) => {
        const state = after(...life)
        if (state.phase === 'rolled-back' || state.phase === 'refused') expect(hasOpenUndo(state)).toBe(false)
        const steps = (state.undos ?? []).map(({ step }) => step)
        expect(new Set(steps).size).toBe(steps.length)
      }),
      { numRuns: 500 },
    )
  })
})
