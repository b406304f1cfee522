import { describe, expect, it } from 'vitest'
import { eventsOf } from '../../../src/domain/release/command-events.ts'
import { COMMAND_VERBS, type CommandVerb } from '../../../src/domain/release/verbs.ts'

const actor = { person: 'bob', entrance: 'cli' } as const
const command = (verb: CommandVerb, reason = '') => ({
  ...{ verb, releaseId: 'release/shop/production/1', step: null, key: 'k', actor, reason },
  ...(verb === 'extend' && { by: 60_000 }),
})

describe('the events of a command', () => {
  it('remember its key, whatever it was, so that the same key has one effect', () => {
    for (const verb of COMMAND_VERBS)
      expect(eventsOf(command(verb))).toContainEqual(expect.objectContaining({ key: 'k' }))
  })

  it('give the plan up for abort and reject, with who and why, as the last thing', () => {
    expect(eventsOf(command('abort')).at(-1)).toEqual({
      ...{ type: 'abandoned', cause: 'abort', by: 'bob', reason: 'abort by bob' },
    })
    expect(eventsOf(command('reject', 'too slow')).at(-1)).toEqual({
      ...{ type: 'abandoned', cause: 'rejected', by: 'bob', reason: 'reject by bob: too slow' },
    })
  })

  it('are one each for all that go on', () => {
    expect(eventsOf(command('approve', 'fine'))).toEqual([{ type: 'approved', actor, key: 'k', reason: 'fine' }])
    expect(eventsOf(command('pause'))).toMatchObject([{ type: 'pause-commanded', reason: '' }])
    expect(eventsOf(command('resume'))).toMatchObject([{ type: 'resumed', isRetry: false }])
    expect(eventsOf(command('retry'))).toMatchObject([{ type: 'resumed', isRetry: true }])
    expect(eventsOf(command('promote'))).toMatchObject([{ type: 'bake-cut-short' }])
    expect(eventsOf(command('extend'))).toMatchObject([{ type: 'extended', by: 60_000 }])
  })
})
