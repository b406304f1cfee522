import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTurnstile } from '../../src/releases/turnstile.ts'

const LATER = 60_000

/** A call that ends when it is told to. */
function held() {
  let end = () => {}
  const done = new Promise<void>((resolve) => void (end = resolve))
  return { body: () => done, end: () => end() }
}

describe('a turnstile', () => {
  it('lets so many in at once for each key, and the others in their order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 40 }),
        async (atOnce, keys) => {
          const pass = createTurnstile({ atOnce, mostWaiting: 1_000, now: () => 0 })
          const inside = { a: 0, b: 0 }
          const begun: { readonly key: string; readonly index: number }[] = []
          await Promise.all(
            keys.map((key, index) =>
              pass(key, LATER, async () => {
                inside[key] += 1
                begun.push({ key, index })
                expect(inside[key]).toBeLessThanOrEqual(atOnce)
                await Promise.resolve()
                inside[key] -= 1
              }),
            ),
          )
          for (const key of ['a', 'b']) {
            const order = begun.filter((one) => one.key === key).map(({ index }) => index)
            expect(order).toEqual(order.toSorted((left, right) => left - right))
          }
          expect(begun).toHaveLength(keys.length)
        },
      ),
    )
  })

  it('sends whoever finds the line full away, and says that nothing was done', async () => {
    const pass = createTurnstile({ atOnce: 1, mostWaiting: 1, now: () => 0 })
    const first = held()
    const [inside, waiting] = [pass('a', LATER, first.body), pass('a', LATER, async () => 'done')]
    const error = { code: 'request.too-many', status: 429, message: expect.stringContaining('was not accepted') }
    await expect(pass('a', LATER, async () => 'never')).rejects.toMatchObject(error)
    await expect(pass('b', LATER, async () => 'another line')).resolves.toBe('another line')
    first.end()
    await inside
    await expect(waiting).resolves.toBe('done')
    await expect(pass('a', LATER, async () => 'again')).resolves.toBe('again')
  })

  it('sends whoever waits longer than they can away, and keeps the places of the others', async () => {
    const pass = createTurnstile({ atOnce: 1, mostWaiting: 5, now: () => 0 })
    const first = held()
    const inside = pass('a', LATER, first.body)
    const hasty = pass('a', 0, async () => 'never')
    const patient = pass('a', LATER, async () => 'done')
    await expect(hasty).rejects.toMatchObject({ code: 'request.too-many' })
    first.end()
    await inside
    await expect(patient).resolves.toBe('done')
  })

  it('goes on after a call that fails', async () => {
    const pass = createTurnstile({ atOnce: 1, mostWaiting: 5, now: () => 0 })
    const failing = pass('a', LATER, async () => {
      throw new Error('no')
    })
    const next = pass('a', LATER, async () => 'done')
    await expect(failing).rejects.toThrow('no')
    await expect(next).resolves.toBe('done')
  })
})
