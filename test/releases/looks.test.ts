import { describe, expect, it } from 'vitest'
import { SluiceError } from '../../src/domain/errors.ts'
import { createLooks } from '../../src/releases/looks.ts'
import { createTurnstile } from '../../src/releases/turnstile.ts'

function setUp(options: { atOnce?: number; most?: number; patience?: number } = {}) {
  let time = 1_000_000
  let loads = 0
  const now = () => time
  const turnstile = createTurnstile({ atOnce: options.atOnce ?? 100, mostWaiting: 10_000, now: () => 0 })
  const looks = createLooks<string>({
    ...{
      freshFor: () => 500,
      usableFor: 15_000,
      patience: options.patience ?? 20,
      most: options.most ?? 10,
      turnstile,
      now,
    },
  })
  return {
    looks,
    pass: (duration: number) => void (time += duration),
    loads: () => loads,
    see: (key: string, load: () => Promise<string> = async () => `look ${loads}`) =>
      looks.at(key, 60_000, () => {
        loads += 1
        return load()
      }),
  }
}

/** A promise that is settled from outside. */
function pending<T>() {
  let resolve: (value: T) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

const AWAY = new SluiceError('temporal.unavailable', { message: 'away' })
const GONE = new SluiceError('release.unknown', { message: 'gone' })

describe('looks at one thing', () => {
  it('are one look, however many ask at the same time', async () => {
    const { see, loads } = setUp()
    const seen = await Promise.all(Array.from({ length: 2_000 }, () => see('a')))
    expect(new Set(seen.map(({ value }) => value))).toEqual(new Set(['look 1']))
    expect(loads()).toBe(1)
  })

  it('are handed out again for a moment, with the time of the look', async () => {
    const { see, loads, pass } = setUp()
    const first = await see('a')
    pass(499)
    expect(await see('a')).toEqual(first)
    pass(1)
    expect(await see('a')).toEqual({ value: 'look 2', at: first.at + 500 })
    expect(loads()).toBe(2)
  })

  it('show an older one, by its time, when a newer one is long in coming', async () => {
    const { see, pass } = setUp()
    const first = await see('a')
    pass(5_000)
    const slow = pending<string>()
    expect(await see('a', () => slow.promise)).toEqual(first)
    slow.resolve('new')
    expect(await see('a')).toMatchObject({ value: 'new' })
  })

  it('show an older one when Temporal is away, but not for long', async () => {
    const { see, pass } = setUp()
    const first = await see('a')
    pass(14_999)
    expect(await see('a', () => Promise.reject(AWAY))).toEqual(first)
    pass(1)
    await expect(see('a', () => Promise.reject(AWAY))).rejects.toBe(AWAY)
  })

  it('never show what is known to be over', async () => {
    const { see, pass } = setUp()
    await see('a')
    pass(1_000)
    await expect(see('a', () => Promise.reject(GONE))).rejects.toBe(GONE)
    await expect(see('a', () => Promise.reject(AWAY))).rejects.toBe(AWAY)
  })

  it('all learn of a failure, and the next one tries anew', async () => {
    const { see, loads } = setUp()
    const all = await Promise.allSettled([see('a', () => Promise.reject(AWAY)), see('a'), see('a')])
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(await see('a')).toMatchObject({ value: 'look 2' })
    expect(loads()).toBe(2)
  })
})

describe('a command', () => {
  it('is not waited for by looks at other things', async () => {
    const { looks, see } = setUp()
    const command = pending<string>()
    const done = looks.behind('a', () => command.promise)
    expect(await see('b')).toMatchObject({ value: 'look 1' })
    command.resolve('taken')
    expect(await done).toBe('taken')
  })

  it('goes first: looks that come meanwhile begin after it', async () => {
    const { looks, see, loads } = setUp()
    const command = pending<string>()
    const done = looks.behind('a', () => command.promise)
    const seen = see('a')
    expect(loads()).toBe(0)
    command.resolve('taken')
    await done
    await seen
    expect(loads()).toBe(1)
  })

  it('is seen by every look after it, also beside one that had begun before it', async () => {
    const { looks, see } = setUp()
    const slow = pending<string>()
    const before = see('a', () => slow.promise)
    await looks.behind('a', async () => 'taken')
    expect(await see('a')).toMatchObject({ value: 'look 2' })
    slow.resolve('old')
    expect(await before).toMatchObject({ value: 'old' })
    expect(await see('a')).toMatchObject({ value: 'look 2' })
  })

  it('that fails lets the looks go on', async () => {
    const { looks, see } = setUp()
    await expect(looks.behind('a', () => Promise.reject(AWAY))).rejects.toBe(AWAY)
    expect(await see('a')).toMatchObject({ value: 'look 1' })
  })
})

describe('looks at many things', () => {
  it('take turns', async () => {
    const { see, loads } = setUp({ atOnce: 2 })
    const slow = pending<string>()
    const [first, second, third] = [see('a', () => slow.promise), see('b', () => slow.promise), see('c')]
    await Promise.resolve()
    expect(loads()).toBe(2)
    slow.resolve('done')
    await Promise.all([first, second, third])
    expect(loads()).toBe(3)
  })

  it('are kept for those that were used last', async () => {
    const { see, loads } = setUp({ most: 2 })
    await see('a')
    await see('b')
    await see('a')
    await see('c')
    expect(loads()).toBe(3)
    await see('a')
    expect(loads()).toBe(3)
    await see('b')
    expect(loads()).toBe(4)
  })
})
