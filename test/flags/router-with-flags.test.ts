import { describe, expect, it } from 'vitest'
import { SluiceError } from '../../src/domain/errors.ts'
import type { FlagReaches } from '../../src/domain/flag-reach.ts'
import type { FlagStore } from '../../src/flags/flag-store.ts'
import { memoryStore } from '../../src/flags/memory.ts'
import { routerWithFlags } from '../../src/flags/router-with-flags.ts'
import { isRoutedAs, type Router } from '../../src/routers/router.ts'
import { open } from '../support/calls.ts'
import { createMemoryRouterWorld } from '../support/memory-router.ts'

const POOLS = ['blue', 'green'] as const
const ROLES = { stable: 'blue', canary: 'green' }
const ON = { weight: 10_000, cohorts: [] }
const OFF = { weight: 0, cohorts: [] }
const HALF = { weight: 5_000, cohorts: [] }

let worlds = 0

/** A router and a store that write down what they are asked, in order. */
function setUp(change: Partial<FlagStore> = {}) {
  worlds += 1
  const said: string[] = []
  const world = createMemoryRouterWorld({ pools: [...POOLS], deadline: 300 })
  const plain = world.connect()
  const memory = memoryStore.open(
    { kind: 'memory', world: `router-with-flags-${worlds}`, flags: ['a', 'b'] },
    { pools: [...POOLS] },
  )
  const router: Router = {
    ...plain,
    apply: async (wish, signal, permit) => {
      said.push(`router ${wish.exposure.weight}`)
      return plain.apply(wish, signal, permit)
    },
  }
  const store: FlagStore = {
    ...memory,
    apply: async (wish, signal, permit) => {
      const flags = Object.entries(wish.flags).map(([name, { weight }]) => `${name} ${weight}`)
      said.push(`flags ${flags.join(', ')}`)
      await memory.apply(wish, signal, permit)
    },
    ...change,
  }
  let epoch = 0
  const both = routerWithFlags(router, store)
  return {
    ...{ said, both, memory, world },
    wish: (weight: number, flags?: FlagReaches) => {
      epoch += 1
      const exposure = { weight, cohorts: [], ...(flags !== undefined && { flags }) }
      return { roles: ROLES, exposure, fence: { release: 1, epoch } }
    },
  }
}

describe('a router that sets flags as well', () => {
  it('knows nothing of the store as long as no flag is asked for', async () => {
    const asked = () => Promise.reject(new Error('the store was asked'))
    const { both, wish, said } = setUp({ read: asked, apply: asked })
    await both.apply(wish(500), open())
    expect((await both.read(open())).split).toEqual({ blue: 9_500, green: 500 })
    expect(said).toEqual(['router 500'])
  })

  it('sets what goes wider after the version, and what goes narrower before it', async () => {
    const { both, wish, said } = setUp()
    await both.apply(wish(500, { a: ON, b: HALF }), open())
    expect(said).toEqual(['router 500', 'flags a 10000, b 5000'])
    said.length = 0
    await both.apply(wish(0, { a: OFF, b: ON }), open())
    expect(said).toEqual(['flags a 0', 'router 0', 'flags b 10000'])
  })

  it('writes each flag once on a way back', async () => {
    const { both, wish, said, memory } = setUp()
    await both.apply(wish(500, { a: ON, b: HALF }), open())
    said.length = 0
    await both.apply(wish(0, { a: OFF, b: OFF }), open())
    expect(said).toEqual(['flags a 0, b 0', 'router 0'])
    expect((await memory.read(['a', 'b'], open())).flags).toEqual({ a: OFF, b: OFF })
  })

  it('shows both, and is right only when both are', async () => {
    const { both, memory, wish } = setUp()
    const wanted = wish(500, { a: HALF })
    await both.apply(wanted, open())
    const seen = await both.read(open(), ['a'])
    expect(seen).toMatchObject({ flags: { a: HALF }, fence: wanted.fence })
    expect(isRoutedAs(seen, wanted)).toBe(true)
    await memory.apply({ flags: { a: ON }, fence: { release: 1, epoch: 7 } }, open())
    const later = await both.read(open(), ['a'])
    expect(isRoutedAs(later, wanted)).toBe(false)
    expect(later.fence).toEqual({ release: 1, epoch: 7 })
  })

  it('moves users back at once while the store hangs, and says in the end that the flags are missing', async () => {
    const hang = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
    const away = new SluiceError('flag.unreachable', { message: 'no answer', fix: 'wait' })
    let asked = 0
    const { both, wish, said } = setUp({
      read: (_, signal) => hang(signal),
      apply: async () => {
        asked += 1
        throw away
      },
    })
    await expect(both.apply(wish(0, { a: OFF }), open())).rejects.toThrow('no answer')
    expect(said).toEqual(['router 0'])
    expect(asked).toBe(1)
    const seen = await both.read(AbortSignal.timeout(50), ['a']).catch(() => null)
    expect(seen).toBeNull()
  })

  it('reads the router whatever the store says, and is not right without the flags', async () => {
    const away = new SluiceError('flag.unreachable', { message: 'no answer', fix: 'wait' })
    const { both, wish } = setUp({ read: () => Promise.reject(away) })
    const wanted = wish(500, { a: ON })
    await both.apply(wanted, open())
    const seen = await both.read(open(), ['a'])
    expect(seen).toMatchObject({ split: { green: 500 }, flagFault: { code: 'flag.unreachable' } })
    expect(isRoutedAs(seen, wanted)).toBe(false)
  })

  it('is refused by either fence', async () => {
    const { both, memory, wish, said } = setUp()
    await memory.apply({ flags: { a: ON }, fence: { release: 9, epoch: 1 } }, open())
    await expect(both.apply(wish(0, { a: OFF }), open())).rejects.toMatchObject({ code: 'flag.fenced' })
    expect(said).toEqual(['flags a 0'])
  })
})
