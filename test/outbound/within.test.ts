import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { LATE, lateText, within } from '../../src/outbound/within.ts'

const never = () => new Promise<never>(() => undefined)

describe('work within bounds', () => {
  it('gives what the work gives, and throws what it throws', async () => {
    expect(await within({ deadline: 60_000 }, async () => 7)).toBe(7)
    await expect(within({ deadline: 60_000 }, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  })

  it('is late at its deadline, and the work is told', async () => {
    let told: AbortSignal | null = null
    const ended = await within({ deadline: 20 }, (signal) => {
      told = signal
      return never()
    })
    expect(ended).toBe(LATE)
    expect(told).toMatchObject({ aborted: true })
  })

  it('is late though the work makes something else of being told', async () => {
    const ended = await within(
      { deadline: 20 },
      (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve('half of it'))),
    )
    expect(ended).toBe(LATE)
  })

  it('throws the reason of the caller, before and while it works', async () => {
    const reason = new Error('no longer wanted')
    const work = vi.fn(never)
    await expect(within({ deadline: 60_000, signal: AbortSignal.abort(reason) }, work)).rejects.toBe(reason)
    expect(work).not.toHaveBeenCalled()
    const caller = new AbortController()
    const ended = within({ deadline: 60_000, signal: caller.signal }, never)
    caller.abort(reason)
    await expect(ended).rejects.toBe(reason)
  })

  it('sets timers that Node.js can hold, however long or odd the deadline', async () => {
    const set = vi.spyOn(globalThis, 'setTimeout')
    await fc.assert(
      fc.asyncProperty(fc.double(), async (deadline) => {
        set.mockClear()
        await within({ deadline }, async () => null)
        const [, delay = Number.NaN] = set.mock.calls[0] ?? []
        // Not a number is the shortest there is: no deadline is none that never comes.
        expect(Number.isNaN(delay) || (delay >= 1 && delay <= 2_147_483_647)).toBe(true)
      }),
    )
    set.mockRestore()
  })

  it('leaves no timer and no listener behind', async () => {
    const caller = new AbortController()
    const [added, removed] = [
      vi.spyOn(caller.signal, 'addEventListener'),
      vi.spyOn(caller.signal, 'removeEventListener'),
    ]
    const cleared = vi.spyOn(globalThis, 'clearTimeout')
    await within({ deadline: 60_000, signal: caller.signal }, async () => null)
    expect(removed).toHaveBeenCalledTimes(added.mock.calls.length)
    expect(cleared).toHaveBeenCalledTimes(1)
    cleared.mockRestore()
  })

  it('says how long it waited, exactly', () => {
    expect([lateText(0), lateText(1_500), lateText(2_000), lateText(60_000)]).toEqual([
      'no whole answer within 1ms',
      'no whole answer within 1500ms',
      'no whole answer within 2s',
      'no whole answer within 1m',
    ])
  })
})
