import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { columnsOf } from '../../src/cli/text.ts'
import { runSluice } from '../support/program.ts'
import { recordedPast } from '../support/recorded-past.ts'

const CONFIG = fileURLToPath(new URL('./sluice.yaml', import.meta.url))
const PLAN = `service: checkout
environment: production
steps:
  - weight: 10%
  - bake: 20m
  - weight: 100%
checks:
  errors: { errorRate: { notWorseThan: 1.5x } }
  ceiling: { errorRate: { max: 3% } }
`
const MINUTE = 60_000
const arm = (requests: number, errors: number) => ({ requests, errors })

/** A release at 10% for 20 minutes, whose canary fails so many of 120 requests a minute. */
const release = (number: number, errors: number) => ({
  ...{ releaseId: `release/checkout/production/${number}`, version: `2.4.${number}` },
  ...(errors > 2
    ? { outcome: 'rolled-back', abandoned: { cause: 'abort', by: 'ana', at: 20 * MINUTE } }
    : { outcome: 'promoted', abandoned: null }),
  roles: { stable: 'blue', canary: 'green' },
  spans: [{ exposure: { weight: 1_000, cohorts: [] }, from: 0, until: 20 * MINUTE }],
  windows: {
    proxy: Array.from({ length: 20 }, (_, index) => ({
      ...{ start: index * MINUTE, end: (index + 1) * MINUTE },
      ...{ canary: arm(120, errors), stable: arm(1_080, 11) },
    })),
  },
})
const STABLE = { proxy: recordedPast({ windows: 600, bursts: 0.9 }) }
const RECORDING = JSON.stringify({ stable: STABLE, releases: [release(8, 12), release(7, 1)] })

async function calibrate(
  files: Readonly<Record<string, string>>,
  args: readonly string[],
  send?: (body: unknown) => Response,
) {
  const bodies: unknown[] = []
  const written: Record<string, string> = {}
  const said = await runSluice(['calibrate', 'plan.yaml', ...args], {
    ...(send !== undefined && {
      fetch: async (_url, init) => {
        bodies.push(JSON.parse(typeof init?.body === 'string' ? init.body : 'null'))
        return send(bodies.at(-1))
      },
    }),
    writeFile: async (path, text) => void (written[path] = text),
    readFile: async (path) => {
      const text = files[path]
      if (text === undefined) throw new Error('ENOENT')
      return text
    },
  })
  return { ...said, bodies, written }
}

const FILES = { 'plan.yaml': PLAN, 'past.json': RECORDING }
const LOCAL = ['--recording', 'past.json', '--config', CONFIG, '--replays', '60']

describe('sluice calibrate --recording', () => {
  it('prints the figures now and proposed, and the line to paste', async () => {
    const { code, out, err } = await calibrate(FILES, LOCAL)
    expect(code).toBe(0)
    expect(out).toContain('stable against itself, from past.json, seed 1\n')
    expect(out).toMatch(/CHECK +RATIO +α +MIN +FALSE +1\.5x +2x +4x\n/)
    expect(out).toMatch(/errors +now +1\.5x +1% +~?[\d.]+%/)
    expect(out).toMatch(/ +(?:proposed|tightest) +[\d.]+x +[\d.]+% +\d* +~?[\d.]+%/)
    expect(out).toContain('60 replays of 20 looks of 1m, out of 600 recorded windows\n')
    expect(out).toMatch(/ceiling +now +none +[\d.]+% +(in \d+%|\d+m) +(in \d+%|\d+m) +(in \d+%|\d+m)\n/)
    expect(out).toMatch(/ceiling: [\d.]+% of \d+ replays of stable against itself failed; a limit has no/)
    expect(out).toMatch(
      /paste these under checks:\n {2}errors: \{ errorRate: \{ notWorseThan: [\d.]+x(, minRequests: \d+)?(, confidence: [\d.]+%)? \} \}\n/,
    )
    expect(err).toContain('errors done (1 of 2)\n')
    const table = out.slice(0, out.indexOf('to paste'))
    expect(Math.max(...table.split('\n').map(columnsOf))).toBeLessThanOrEqual(80)
  })

  it('judges the releases of the recording once more', async () => {
    const { out } = await calibrate(FILES, LOCAL)
    const at = out.indexOf('past releases')
    const lines = out.slice(at, out.indexOf('\n\n', at)).split('\n')
    expect(lines.map((line) => line.trim().split(/ {2,}/))).toMatchObject([
      ['past releases, judged again'],
      ['RELEASE', 'VERSION', 'IN FACT', 'LOOKS', 'NOW'],
      ['#8', '2.4.8', 'abort by ana, 20m', '19', expect.stringMatching(/^\w+, \d+m$/)],
      ['#7', '2.4.7', 'promoted', '19', 'quiet'],
      [expect.stringMatching(/^now: would have failed 0 of 1 promoted and 1 of 1 rolled back \(median after \d+m\)$/)],
    ])
    expect(Math.max(...lines.map(columnsOf))).toBeLessThanOrEqual(80)
  })

  it('keeps within 80 columns whatever versions, checks and people are called', async () => {
    const name = 'a'.repeat(60)
    const version = 'registry.example.com/checkout@sha256:0123456789abcdef'
    const abandoned = { cause: 'failed-check', by: 'ana.lastname@example.com', at: 20 * MINUTE }
    const releases = [{ ...release(8, 12), version, abandoned: { ...abandoned, cause: 'abort' } }, release(7, 1)]
    const files = {
      'plan.yaml': PLAN.replace('errors:', `${name}:`),
      'past.json': JSON.stringify({ stable: STABLE, releases }),
    }
    const { out } = await calibrate(files, LOCAL)
    const text = out.slice(0, out.indexOf('to paste'))
    expect(text).toContain('aaaaaa…aaaaaa')
    expect(Math.max(...text.split('\n').map(columnsOf))).toBeLessThanOrEqual(80)
  })

  it('says the same for the same seed and something else for another', async () => {
    const figures = async (seed: string) =>
      JSON.parse((await calibrate(FILES, [...LOCAL, '--seed', seed, '--output', 'json'])).out).checks
    expect(await figures('1')).toEqual(await figures('1'))
    expect(await figures('2')).not.toEqual(await figures('1'))
  })

  it('lists what is wrong with a recording', async () => {
    const bad = JSON.stringify({ stable: { proxy: [{ start: 5, end: 1, counts: { requests: 1, errors: 1 } }] } })
    const { code, err } = await calibrate({ ...FILES, 'past.json': bad }, LOCAL)
    expect(code).toBe(1)
    expect(err).toContain('past.json: stable.proxy[0]: expected an end after the start')
    expect(await calibrate({ ...FILES, 'past.json': '{ "stable": oops' }, LOCAL)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^past\.json is not JSON: .*(oops|position)/),
    })
    expect((await calibrate({ ...FILES, 'past.json': '' }, LOCAL)).err).toBe('past.json is not JSON: it is empty\n')
    expect((await calibrate({ 'plan.yaml': PLAN }, LOCAL)).err).toContain('past.json cannot be read')
  })

  it.each([
    ['--config', 'sluice.yaml'],
    ['--replays', '50'],
  ])('takes %s only beside it', async (flag, value) => {
    const { code, err, bodies } = await calibrate(FILES, [flag, value])
    expect([code, bodies]).toEqual([2, []])
    expect(err).toContain(`${flag} goes only with --recording`)
  })

  it.each([[['--replays', '5']], [['--seed', 'x']], [['--since', '14d']]])(
    'refuses %j as wrong usage',
    async (flags) => {
      expect(await calibrate(FILES, [...LOCAL, ...flags])).toMatchObject({ code: 2, out: '' })
    },
  )
})

describe('sluice calibrate --since', () => {
  const answer = {
    ...{ service: 'checkout', environment: 'production' },
    used: { since: 86_400_000, start: 0, end: 86_400_000, step: 60_000, seed: 1 },
    checks: [
      { name: 'errors', kind: 'errorRate', skipped: 'the target no longer has a metric source proxy', past: [] },
    ],
    past: { releases: 0, unread: 2, fault: null },
  }

  it('asks the server and shows what it used', async () => {
    const { code, out, err, bodies } = await calibrate(FILES, ['--since', '1d'], () => Response.json(answer))
    expect(code).toBe(0)
    expect(bodies).toEqual([
      expect.objectContaining({ since: '1d', seed: 1, plan: expect.objectContaining({ service: 'checkout' }) }),
    ])
    expect(out).toContain('stable against itself, from the last 1d in windows of 1m, seed 1\n')
    expect(out).toContain('errors: not calibrated, the target no longer has a metric source proxy\n')
    expect(out).toContain('2 more were not judged')
    expect(err).toContain('takes a few seconds')
  })

  it('keeps what the server read in a file that it can replay', async () => {
    const recording = JSON.parse(RECORDING)
    const { code, out, bodies, written } = await calibrate(FILES, ['--save', 'kept.json'], () =>
      Response.json({ ...answer, recording }),
    )
    expect([code, bodies]).toEqual([0, [expect.objectContaining({ recording: true })]])
    expect(Object.keys(written)).toEqual(['kept.json'])
    expect(out).not.toContain('"requests"')
    const again = await calibrate({ ...FILES, 'past.json': written['kept.json'] ?? '' }, LOCAL)
    expect(again.out).toBe((await calibrate(FILES, LOCAL)).out)
  })

  it('says so when the releases could not be looked at', async () => {
    const past = { releases: 0, unread: 0, fault: 'temporal.unavailable: Temporal does not answer' }
    const { out } = await calibrate(FILES, [], () => Response.json({ ...answer, past }))
    expect(out).toContain('past releases could not be read: temporal.unavailable')
  })

  it('gives what is wrong with the plan its place in the file', async () => {
    const problem = { rule: 'value', path: ['steps', 1, 'bake'], where: 'steps[1].bake', message: 'no' }
    const refusal = { status: 422, code: 'plan.invalid', title: 'x', detail: '1 problem', problems: [problem] }
    const { code, err } = await calibrate(FILES, [], () => Response.json(refusal, { status: 422 }))
    expect(code).toBe(1)
    expect(err).toContain('plan.yaml:5:')
  })

  it('refuses a duration that is none without asking', async () => {
    expect(await calibrate(FILES, ['--since', 'long'])).toMatchObject({ code: 2, bodies: [] })
  })
})
