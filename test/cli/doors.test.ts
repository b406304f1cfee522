import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renderCard } from '../../src/cli/render.ts'
import { renderLane } from '../../src/cli/tables.ts'
import { harmless } from '../../src/cli/text.ts'
import { emptyLane } from '../../src/domain/lane/lane-state.ts'
import { laneView } from '../../src/domain/lane/lane-view.ts'
import type { ShownCard } from '../../src/releases/releases.ts'
import { FORBIDDEN, HOSTILE } from '../support/hostile-text.ts'
import { runSluice } from '../support/program.ts'

interface Asked {
  readonly method: string
  readonly path: string
  readonly key: string | null
}

type Reply = Response | Error

const json = (value: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(value), { status, headers })
const problem = (status: number, code: string, detail: string) =>
  json({ status, code, title: code, detail }, status, { 'retry-after': '2' })

/** The program before a server that answers with these, one after the other, and with the last one for ever. */
function setUp(replies: (request: Asked) => Reply, { color = false, columns = 80 } = {}) {
  const asked: Asked[] = []
  let slept = 0
  const run = async (...args: string[]) => ({
    ...(await runSluice(args, {
      ...{ columns: () => columns, hasColor: color, now: () => 1_000_000 + slept },
      sleep: async (duration) => void (slept += duration),
      readFile: async () => 'service: checkout\nenvironment: production\nsteps: [{ weight: 100% }]\n',
      fetch: async (url, init = {}) => {
        const headers = new Headers(init.headers)
        const { pathname } = new URL(url instanceof Request ? url.url : url)
        const request = { method: init.method ?? 'GET', path: pathname, key: headers.get('idempotency-key') }
        asked.push(request)
        const reply = replies(request)
        if (reply instanceof Error) throw reply
        return reply
      },
    })),
    slept,
  })
  return { asked, run }
}

/** Answers in this order, the last one for ever. */
function inOrder(...replies: readonly (() => Reply)[]): () => Reply {
  let index = 0
  return () => replies[Math.min(index++, replies.length - 1)]?.() ?? new Error('nothing to answer with')
}

const TAKEN = {
  releaseId: 'release/checkout/production/7',
  phase: 'rolling-back',
  text: 'abort accepted, now rolling back',
  isSettled: true,
}
const AWAY = () => problem(503, 'request.not-taken', 'abort was not accepted: Temporal cannot be reached')
const REFUSED = () => new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:8230') })
const ABORT = ['abort', 'checkout/production/7'] as const

describe('a command', () => {
  it('is sent again with the same key until it is taken, after the time that the server says', async () => {
    const { run, asked } = setUp(
      inOrder(
        AWAY,
        AWAY,
        () => problem(503, 'request.unsettled', 'not known'),
        () => json(TAKEN),
      ),
    )
    const { code, out, err, slept } = await run(...ABORT)
    expect([code, out]).toEqual([0, 'checkout/production/7: abort accepted, now rolling back\n'])
    expect(slept).toBe(6_000)
    expect(new Set(asked.map(({ key }) => key)).size).toBe(1)
    expect(err.split('\n')[0]).toBe('abort was not accepted: Temporal cannot be reached; sent again for another 58s')
  })

  it('is sent again while the server itself is away', async () => {
    const { run, asked } = setUp(inOrder(REFUSED, REFUSED, () => json(TAKEN)))
    expect((await run(...ABORT)).code).toBe(0)
    expect(new Set(asked.map(({ key }) => key)).size).toBe(1)
  })

  it('is given up after a minute, with what the server said last', async () => {
    const { run } = setUp(AWAY)
    const { code, err, slept } = await run(...ABORT)
    expect([code, slept]).toEqual([1, 58_000])
    expect(err.trimEnd().split('\n').at(-1)).toBe('abort was not accepted: Temporal cannot be reached')
  })

  it('is not sent again once it was refused', async () => {
    const { run, asked } = setUp(() => problem(409, 'command.refused', 'the release is not paused'))
    expect((await run('pause', 'checkout/production/7')).code).toBe(1)
    expect(asked).toHaveLength(1)
  })

  it('that is kept but not carried out yet says where to look', async () => {
    const kept = { ...TAKEN, phase: null, text: 'abort accepted and kept by Temporal', isSettled: false }
    const { out, err } = await setUp(() => json(kept, 202)).run(...ABORT)
    expect(out).toBe('checkout/production/7: abort accepted and kept by Temporal\n')
    expect(err).toContain('sluice status checkout/production/7')
  })

  it('that took a release out of the queue says so', async () => {
    const answer = { ...TAKEN, phase: 'withdrawn', text: 'abort accepted: removed from the queue before it started' }
    const { out } = await setUp(() => json(answer)).run(...ABORT)
    expect(out).toBe('checkout/production/7: abort accepted: removed from the queue before it started\n')
  })
})

describe('a start', () => {
  it('waits where there are too many, and learns what became of it', async () => {
    const many = () => problem(429, 'request.too-many', '30 requests wait')
    const answers = inOrder(many, many, () => problem(409, 'lane.busy', 'release 7 is running'))
    const { run, asked } = setUp(({ method }) => (method === 'GET' ? json(laneView(TARGET, emptyLane())) : answers()))
    const { code, err } = await run('start', 'plan.yaml', '--version', 'v2')
    expect(code).toBe(1)
    expect(err).toContain('release 7 is running')
    const starts = asked.filter(({ method }) => method === 'POST')
    expect(starts).toHaveLength(3)
    expect(new Set(starts.map(({ key }) => key)).size).toBe(1)
  })

  it('does not wait a minute for a server that is not there', async () => {
    expect(await setUp(REFUSED).run('start', 'plan.yaml', '--version', 'v2')).toMatchObject({ code: 3, slept: 0 })
  })
})

const TARGET = { service: 'checkout', environment: 'production' }

describe('sluice recover', () => {
  const rest = { stable: 'blue', canary: 'green' }
  const running = { releaseId: 'release/checkout/production/7', number: 7 }
  const before = laneView(TARGET, { ...emptyLane<never>(), running, rest, promotedVersion: '2.3.9' })
  const recovery = { reason: 'it hangs', by: 'carol', since: 1, tries: 2, lastError: 'the router did not answer' }
  const after = laneView(TARGET, { ...emptyLane<never>(), rest, promotedVersion: '2.3.9', recovery })

  it('says what it is about to do, does it, and shows who holds the router', async () => {
    const { run, asked } = setUp(({ method }) => json(method === 'GET' ? before : after))
    const { code, out, err } = await run('recover', 'checkout', 'production', '--reason', 'it hangs')
    expect(code).toBe(0)
    expect(err).toBe('recover: everybody goes to blue; the running release checkout/production/7 is ended\n')
    expect(asked.at(-1)).toMatchObject({ method: 'POST', path: '/api/v1/targets/checkout/production/recover' })
    expect(out).toContain('  stable         blue, 2.3.9')
    expect(out.replace(/\s+/g, ' ')).toContain('tried 2 times, last: the router did not answer')
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })

  it('asks for a reason', async () => {
    expect((await setUp(() => json(after)).run('recover', 'checkout', 'production')).code).toBe(2)
  })
})

const CARD: ShownCard = {
  ...{ releaseId: 'release/checkout/production/7', ...TARGET, version: '2.4.0', replaces: null, author: 'alice' },
  ...{
    phase: 'rolling-back',
    isEnded: false,
    weight: 1_000,
    cohorts: [],
    step: 1,
    reason: 'abort by bob',
    outcome: 'none',
  },
  ...{ steps: [{ number: 1, label: 'weight 10%', mark: '✗' }], verdicts: [], approval: null, verbs: ['abort'] },
  ...{ bakeRemaining: null, bakeDuration: null, startedAt: 0, endedAt: null, latest: null, repairs: 0, trail: [] },
}
const NOW = 600_000
const shown = (card: Partial<ShownCard>) =>
  renderCard({ ...CARD, ...card }, { width: 80, now: NOW, color: false }).join('\n')

describe('a card', () => {
  it('says why a rollback cannot reach the router, how often it was tried and what is live', () => {
    const text = shown({ rollback: { tries: 4, lastError: 'connect ECONNREFUSED', since: NOW - 120_000, live: '10%' } })
    expect(text.replace(/\s+/g, ' ')).toContain(
      'rollback cannot reach the router: tried 4 times in 2m, last: connect ECONNREFUSED; 10% on canary when it was last read',
    )
  })

  it('says of an end what it means', () => {
    const ended = { isEnded: true, endedAt: NOW }
    expect(shown({ ...ended, phase: 'refused' })).toContain('refused: nobody was exposed · after 10m')
    expect(shown({ ...ended, phase: 'superseded' })).toContain('superseded: another release owns the router')
  })

  it('of a release that waits says behind whom, and since when', () => {
    const waiting = { behind: 'release/checkout/production/6', ahead: 1, since: NOW - 60_000, isFrozen: false }
    const reason = 'waits for its turn behind checkout/production/6, 1 before it'
    const text = shown({ phase: 'queued', weight: 0, steps: [], step: 0, startedAt: NOW - 60_000, reason, waiting })
    expect(text).toContain('queued · requested 1m ago by alice')
    expect(text).toContain(reason)
  })

  it('says how old it is when it is', () => {
    expect(shown({ asOf: NOW - 500 })).not.toContain('as it was')
    expect(shown({ asOf: NOW - 9_000 })).toContain('as it was 9s ago')
  })
})

const SGR = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g')

describe('what reaches the terminal', () => {
  const words = fc.record({ a: HOSTILE, b: HOSTILE, c: HOSTILE, d: HOSTILE })
  const hostileCard = words.map(
    ({ a, b, c, d }): ShownCard => ({
      ...CARD,
      ...{ version: a, author: b, reason: c, replaces: d, phase: a, cohorts: [b, c], service: d, environment: a },
      steps: [{ number: 1, label: b, mark: '▶' }],
      verdicts: [{ check: c, outcome: 'fail', reason: d }],
      approval: { by: a, need: 2, given: [b], deadline: NOW },
      trail: [{ at: 1, text: c }],
      rollback: { tries: 1, lastError: d, since: 1, live: a },
    }),
  )

  it.each([false, true])(
    'holds nothing that it obeys but our colours (colour: %s), whatever a release is called',
    async (color) => {
      await fc.assert(
        fc.asyncProperty(hostileCard, async (card) => {
          const { out } = await setUp(() => json(card), { color }).run('status', 'checkout/production/7')
          expect(out.replace(SGR, color ? '' : '$&').replaceAll('\n', '')).not.toMatch(FORBIDDEN)
        }),
      )
    },
  )

  it('holds nothing of what a server refuses, lists or shows of a lane', async () => {
    await fc.assert(
      fc.asyncProperty(words, async ({ a, b, c, d }) => {
        const refusal = json(
          { status: 409, code: a, title: b, detail: c, fix: d, expected: a, problems: [{ where: b, message: c }] },
          409,
        )
        const row = {
          releaseId: a,
          service: b,
          environment: c,
          version: d,
          phase: a,
          weight: 1,
          verdict: b,
          startedAt: 1,
          endedAt: null,
        }
        const freeze = { by: b, reason: c, at: 1 }
        const lane = { ...laneView({ service: a, environment: b }, emptyLane()), promotedVersion: d, freeze }
        for (const [reply, ...args] of [
          [refusal, 'status', 'checkout/production/7'],
          [json({ releases: [row], next: c }), 'list'],
          [json(lane), 'lane', 'checkout', 'production'],
          [json({ ...TAKEN, releaseId: a, text: d }), 'abort', 'checkout/production/7'],
        ] as const) {
          const { out, err } = await setUp(() => reply.clone()).run(...args)
          expect((out + err).replaceAll('\n', '')).not.toMatch(FORBIDDEN)
          const machine = await setUp(() => reply.clone()).run(...args, '--output', 'json')
          expect((machine.out + machine.err).replaceAll('\n', '')).not.toMatch(FORBIDDEN)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('is stopped at the last door too, where a renderer forgot', () => {
    fc.assert(
      fc.property(HOSTILE, (text) => {
        expect(harmless(text, false).replaceAll('\n', '')).not.toMatch(FORBIDDEN)
        expect(harmless(text, true).replace(SGR, '').replaceAll('\n', '')).not.toMatch(FORBIDDEN)
      }),
    )
  })

  it('shows a lane’s keeper and who waits since when', () => {
    const entry = { version: '2.5.0', author: { person: 'bob' } }
    const queue = [{ releaseId: 'release/checkout/production/8', number: 8, queuedAt: NOW - 60_000, entry }]
    const lane = laneView(TARGET, { ...emptyLane<typeof entry>(), queue, promotedNumber: 9, promotedVersion: '2.6.0' })
    const text = renderLane(lane, { width: 80, now: NOW, color: false }).join('\n')
    expect(text).toContain('  router         nobody controls the router: nothing has been released here')
    expect(text.replace(/\s+/g, ' ')).toContain(
      'waiting checkout/production/8 2.5.0, by bob, 1m ago; 2.6.0 was promoted in the meantime, so it will ask before it continues',
    )
  })
})
