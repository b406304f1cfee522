import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { planContextOf, readInstallation } from '../../src/config/installation.ts'
import type { AdapterLists } from '../../src/config/installation-schema.ts'
import { formatProblem } from '../../src/domain/problems.ts'
import { createMemoryMetricSource, createMemoryMetricWorld } from '../../src/metrics/memory.ts'
import { createMemoryRouter, createMemoryRouterWorld } from '../../src/routers/memory.ts'
import { FINE_ROUTER } from '../domain/plan/plan-context.ts'

const LISTS: AdapterLists = {
  routers: [
    {
      kind: 'proxy',
      options: z.strictObject({ kind: z.literal('proxy'), admin: z.url() }),
      capabilities: FINE_ROUTER.capabilities,
      capabilitiesWith: () => FINE_ROUTER.capabilities,
      summary: 'A proxy.',
      statesWith: (options) => [`the proxy at ${String((options as { admin: unknown }).admin)}`],
      open: (_, { pools }) => createMemoryRouter(createMemoryRouterWorld(pools)),
    },
  ],
  flagStores: [],
  checkKinds: [{ kind: 'errorRate' }, { kind: 'latency' }],
  metricSources: [
    {
      kind: 'store',
      options: z.strictObject({ kind: z.literal('store') }),
      capabilities: { counts: true, latency: false, queries: null, records: false },
      capabilitiesWith: () => ({ counts: true, latency: false, queries: null, records: false }),
      summary: 'A store.',
      open: () => createMemoryMetricSource(createMemoryMetricWorld()),
    },
  ],
}

const TARGET =
  '  - { service: checkout, environment: production, pools: [blue, green], router: { kind: proxy, admin: "http://a" } }\n'
const FILES: Record<string, string> = {
  'wrong.yaml': 'plan: { stepps: [] }\n',
  'empty.ics': 'BEGIN:VCALENDAR\r\nEND:VCALENDAR',
}
const PEOPLE = 'groups: { owners: [alice] }\npeople: [{ id: alice }]\n'

function read(text: string) {
  return readInstallation(text, 'sluice.yaml', LISTS, (path) => FILES[path] ?? '')
}

function installationOf(text: string) {
  const result = read(text)
  if ('installation' in result) return result.installation
  throw new Error(result.problems.map(formatProblem).join('\n'))
}

function problemsOf(text: string) {
  const result = read(text)
  return 'problems' in result ? result.problems : []
}

describe('templates', () => {
  it('are looked at whatever else is wrong', () => {
    const problems = problemsOf(`targets: []\ntemplates: { a: wrong.yaml }\n`)
    expect(problems.map(({ file, line, rule }) => `${file}:${line} ${rule}`)).toEqual([
      'sluice.yaml:1 value',
      'wrong.yaml:1 unknown-key',
    ])
  })
})

describe('policies', () => {
  it('hold for the targets that they choose, by name and by label', () => {
    const targets = [TARGET, TARGET.replace('service: checkout', 'service: search, labels: { tier: high }')]
    const text = `targets:\n${targets.join('').replace('http://a', 'http://b')}policies:\n  all: { leastSteps: 1 }\n  high: { for: { labels: { tier: high } }, leastSteps: 2 }\n`
    const context = planContextOf(installationOf(text), LISTS, { stepKinds: [], checkKinds: [] })
    const names = (service: string) => context.target(service, 'production')?.policies?.map(({ name }) => name)
    expect(names('search')).toEqual(['all', 'high'])
    expect(names('checkout')).toEqual(['all'])
  })
})

describe('readInstallation', () => {
  it('finds targets by service and environment', () => {
    const installation = installationOf(`targets:\n${TARGET}${PEOPLE}slack: { channel: C1 }\n`)
    expect(installation.find({ service: 'checkout', environment: 'production' })).toMatchObject({
      pools: ['blue', 'green'],
    })
    expect(installation.find({ service: 'checkout', environment: 'staging' })).toBeNull()
    expect(installation).toMatchObject({ groups: { owners: ['alice'] }, slack: { channel: 'C1' } })
  })

  it('needs no people, groups, metrics or Slack', () => {
    expect(installationOf(`targets:\n${TARGET}`)).toMatchObject({ groups: {}, people: [], slack: null })
  })

  it.each([
    ['an unknown key', `targets:\n${TARGET}colour: blue\n`, { rule: 'unknown-key', line: 3 }],
    ['no target', 'targets: []\n', { rule: 'value', line: 1 }],
    [
      'a policy that holds for no target',
      `targets:\n${TARGET}policies: { a: { for: { environment: prod }, leastSteps: 2 } }\n`,
      { rule: 'idle-policy', line: 3, column: 23 },
    ],
    [
      'a policy that asks people who are not there',
      `targets:\n${TARGET}policies: { a: { approvals: [{ by: nobody, before: 50% }] } }\n`,
      { rule: 'unknown-group', line: 3, column: 36 },
    ],
    [
      'a policy that nobody who is there may override',
      `targets:\n${TARGET}policies: { a: { bake: { each: 1m }, override: nobody } }\n`,
      { rule: 'unknown-group', line: 3, column: 48 },
    ],
    [
      'a policy that asks for a kind of check that is not there',
      `targets:\n${TARGET}policies: { a: { checks: [{ kind: errorrate }] } }\n`,
      { rule: 'unknown-check-kind', received: 'errorrate', fix: 'did you mean errorRate?' },
    ],
    [
      'a policy under which every check may only warn, because its word is misspelt',
      `targets:\n${TARGET}policies: { a: { noWarn: [payments, error-rate] } }\n`,
      { rule: 'unknown-check-kind', line: 3, received: 'error-rate' },
    ],
    [
      'a policy with a word that no check could be called',
      `targets:\n${TARGET}policies: { a: { noWarn: [Payments] } }\n`,
      { rule: 'unknown-check-kind', received: 'Payments', fix: 'use one of these' },
    ],
    [
      'a pool twice',
      `targets:\n${TARGET.replace('green', 'blue')}`,
      { rule: 'value', expected: 'two different pools' },
    ],
    ['one pool', `targets:\n${TARGET.replace(', green', '')}`, { rule: 'value', line: 2 }],
    [
      'an unknown router',
      `targets:\n${TARGET.replace('kind: proxy', 'kind: envoy')}`,
      { rule: 'unknown-kind', received: 'envoy', expected: 'one of proxy' },
    ],
    [
      'an option the router does not take',
      `targets:\n${TARGET.replace('admin: "http://a"', 'admin: "http://a", port: 1')}`,
      { rule: 'unknown-key', received: 'port' },
    ],
    [
      'a misspelt option of the router, with the one that was meant',
      `targets:\n${TARGET.replace('admin: "http://a"', 'admin: "http://a", admni: x')}`,
      { rule: 'unknown-key', received: 'admni', fix: 'did you mean admin?' },
    ],
    [
      'an option the router lacks',
      `targets:\n${TARGET.replace(', admin: "http://a"', '')}`,
      { rule: 'value', line: 2 },
    ],
    [
      'an unknown metric source',
      `targets:\n${TARGET.replace(' }\n', ', metrics: { m: { kind: datadog } } }\n')}`,
      { rule: 'unknown-kind', received: 'datadog' },
    ],
    [
      'a member whom nobody knows',
      `targets:\n${TARGET}groups: { owners: [mallory] }\n`,
      { rule: 'unknown-person', line: 3 },
    ],
    [
      'a token instead of its hash',
      `targets:\n${TARGET}people: [{ id: alice, tokenSha256: hunter2 }]\n`,
      { rule: 'value', expected: '64 hexadecimal digits' },
    ],
    [
      'a name that every object answers to',
      `targets:\n${TARGET}people: [{ id: constructor }]\n`,
      { rule: 'value', received: 'constructor' },
    ],
    ['a duplicate key', `targets:\n${TARGET}people: []\npeople: []\n`, { rule: 'duplicate-key', line: 4 }],
  ])('refuses %s, at its place', (_, text, problem) => {
    expect(problemsOf(text)).toEqual([expect.objectContaining({ file: 'sluice.yaml', ...problem })])
  })

  const SECOND = TARGET.replace('checkout', 'search')
  const HASH = 'a'.repeat(64)

  it.each([
    [
      'a target twice',
      `targets:\n${TARGET}${TARGET}`,
      {
        rule: 'duplicate-target',
        line: 3,
        message: 'the target checkout/production appears twice, the other one at sluice.yaml:2:5',
      },
    ],
    [
      'a query that no source takes',
      `targets:\n${TARGET.replace(' }\n', `, metrics: { m: { kind: store } }, consumes: { source: m, query: jobs-of-$pool } }\n`)}`,
      { rule: 'source-cannot', line: 2, received: 'm', expected: 'one of them, and the target has none' },
    ],
    [
      'two targets on one router',
      `targets:\n${TARGET}${SECOND}`,
      {
        rule: 'shared-router',
        line: 3,
        received: 'the proxy at http://a',
        message: expect.stringMatching(/the other one at sluice\.yaml:2:\d+$/),
      },
    ],
    [
      'two people with one id',
      `targets:\n${TARGET}people:\n  - { id: alice }\n  - { id: bob }\n  - { id: alice }\n`,
      { rule: 'duplicate-person', line: 6, message: 'two people have the id alice, the other one at sluice.yaml:4:11' },
    ],
    [
      'two people who are one Slack user',
      `targets:\n${TARGET}people:\n  - { id: a, slack: { team: T, user: U } }\n  - { id: b, slack: { user: U, team: T } }\n`,
      {
        rule: 'duplicate-slack-user',
        line: 5,
        message: expect.stringContaining('U of T, the other one at sluice.yaml:4:'),
      },
    ],
    [
      'two people with one token',
      `targets:\n${TARGET}people:\n  - { id: a, tokenSha256: ${HASH} }\n  - { id: b, tokenSha256: ${HASH} }\n`,
      { rule: 'duplicate-token', line: 5, message: expect.stringContaining('the other one at sluice.yaml:4:') },
    ],
    [
      'two groups of one name',
      `targets:\n${TARGET}groups:\n  owners: [alice]\n  owners: [bob]\npeople: [{ id: alice }, { id: bob }]\n`,
      {
        rule: 'duplicate-key',
        line: 5,
        message: 'this key appears twice',
        expected: 'each key once; the other one is at sluice.yaml:4:3',
      },
    ],
    [
      'a group whose name would be lost without a word',
      `targets:\n${TARGET}groups:\n  __proto__: [alice]\npeople: [{ id: alice }]\n`,
      { rule: 'forbidden-key', line: 4 },
    ],
    [
      'a name that looks like another one',
      `targets:\n${TARGET}slack: { channel: "#re\\u202eleases" }\n`,
      { rule: 'unseen-character', line: 3, received: '#re<U+202E>leases' },
    ],
    ['a file that is no text', `targets:\n${TARGET}slack: { channel: "a\0" }\n`, { rule: 'not-text', line: 3 }],
  ])('refuses %s, and names both places', (_, text, problem) => {
    expect(problemsOf(text)).toEqual([expect.objectContaining({ file: 'sluice.yaml', ...problem })])
  })

  it.each([
    ['http://user:hunter2@a/', 'http://***@a/'],
    ['http://hunter2@a/', 'http://***@a/'],
    ['https://a/x?token=hunter2', 'https://a/x?***'],
    ['https://a/?x=1&api_key=hunter2', 'https://a/?***'],
    ['https://a/?X-Amz-Signature=hunter2', 'https://a/?***'],
    ['admin:hunter2@a:9999', '***@a:9999'],
  ])('refuses an address with a secret, and shows nothing of it: %s', (address, received) => {
    const problems = problemsOf(`targets:\n${TARGET.replace('http://a', address)}`)
    expect(problems).toMatchObject([
      { rule: 'secret-in-address', line: 2, received, fix: expect.stringContaining('environment variable') },
    ])
    expect(problems.map(formatProblem).join()).not.toContain('hunter2')
  })

  it.each(['http://a:80/x?zone=eu', 'https://a/@home', 'http://a/?author=x'])(
    'takes an address without one: %s',
    (address) => {
      expect(problemsOf(`targets:\n${TARGET.replace('http://a', address)}`)).toEqual([])
    },
  )

  it('tells what is wrong between entries together with what is wrong in them', () => {
    const text = `targets:\n${TARGET.replace(' }', ', colour: blue }')}${TARGET}groups: { owners: [mallory] }\npeople: [{ id: alice, nmae: x }, { id: alice }]\n`
    expect(problemsOf(text).map(({ rule, line }) => `${line} ${rule}`)).toEqual([
      '2 unknown-key',
      '3 duplicate-target',
      '4 unknown-person',
      '5 unknown-key',
      '5 duplicate-person',
    ])
  })

  it('does not call somebody unknown whose entry cannot be read', () => {
    const text = `targets:\n${TARGET}groups: { owners: [alice] }\npeople: [{ id: Alice }]\n`
    expect(problemsOf(text).map(({ rule }) => rule)).toEqual(['value'])
  })

  it('takes 5,000 targets and not one more, and a text larger than any plan', () => {
    const targets = (count: number) =>
      `targets:\n${Array.from({ length: count }, (_, index) => TARGET.replace('checkout', `service-${index}`).replace('http://a', `http://a${index}`)).join('')}`
    const text = targets(5_000)
    expect(text.length).toBeGreaterThan(500_000)
    expect(installationOf(text).find({ service: 'service-4999', environment: 'production' })).not.toBeNull()
    expect(problemsOf(targets(5_001))).toMatchObject([{ path: ['targets'], expected: expect.stringContaining('5000') }])
  }, 60_000)

  it('takes what is written once and used by all', () => {
    const target = (index: number, options: string) =>
      `  - { service: s${index}, environment: e, pools: [a, b], router: { kind: proxy, admin: "http://a${index}" }, metrics: ${options} }\n`
    const text = `targets:\n${target(0, '&m { m: { kind: store } }')}${Array.from({ length: 500 }, (_, index) => target(index + 1, '*m')).join('')}`
    expect(installationOf(text).targets).toHaveLength(501)
  })

  it('is refused in words of its own when it is too large or too deep', () => {
    expect(() => read(`# ${'x'.repeat(17 * 1_048_576)}`)).toThrow(
      expect.objectContaining({
        code: 'config.invalid',
        message: 'sluice.yaml is too large for a sluice.yaml',
        expected: 'at most 16 MiB',
      }),
    )
    expect(() => read('['.repeat(100))).toThrow(
      expect.objectContaining({
        code: 'config.invalid',
        message: 'sluice.yaml:1: nested too deeply for a sluice.yaml',
      }),
    )
  })

  it('reports everything at once', () => {
    const text = `targets:\n${TARGET.replace('kind: proxy', 'kind: envoy')}groups: { owners: [mallory, eve] }\n`
    expect(problemsOf(text).map(({ rule }) => rule)).toEqual(['unknown-kind', 'unknown-person', 'unknown-person'])
  })
})

describe('planContextOf', () => {
  const kinds = { stepKinds: [], checkKinds: [] }
  const text = `targets:\n${TARGET.replace(' }\n', ', metrics: { m: { kind: store } } }\n')}${PEOPLE}`

  it('tells plans what a target can do, and nothing about its address', () => {
    const context = planContextOf(installationOf(text), LISTS, kinds)
    expect(context.targets).toEqual(['checkout/production'])
    const facts = context.target('checkout', 'production')
    expect(facts).toEqual({
      router: { kind: 'proxy', capabilities: FINE_ROUTER.capabilities },
      metrics: { m: { counts: true, latency: false, queries: null, records: false } },
      groups: { owners: ['alice'] },
      cohorts: null,
      hasTickets: false,
    })
    expect(JSON.stringify(facts)).not.toContain('http://a')
    expect(context.target('checkout', 'staging')).toBeNull()
  })
})

describe('windows and freezes', () => {
  const read = (calendars: string) => problemsOf(`targets:\n${TARGET}${PEOPLE}${calendars}`)

  it('are weekly texts, rules, single times and files', () => {
    const { calendars } = installationOf(
      `targets:\n${TARGET}${PEOPLE}windows:\n  office-hours: "Mon-Fri 09:00-16:00 Europe/Berlin"\nfreezes:\n` +
        '  turn: { rrule: FREQ=YEARLY, start: "2025-12-20T18:00", lasts: 16d, override: owners }\n' +
        '  move: { from: "2026-11-07T00:00", until: "2026-11-09T06:00", zone: Europe/Berlin }\n  days: { ics: empty.ics }\n',
    )
    expect([calendars.windows, calendars.freezes]).toEqual([['office-hours'], ['turn', 'move', 'days']])
    const pages = calendars.pagesOf({ only: ['office-hours'], freeze: ['move'] }, Date.UTC(2026, 10, 2))
    expect(pages.freeze[0]?.spans).toEqual([{ from: Date.UTC(2026, 10, 6, 23), until: Date.UTC(2026, 10, 9, 5) }])
  })

  it.each([
    ['windows: { one: "Mon-Fri" }\n', 5, 'this is no weekly window'],
    ['windows: { one: { weekly: "Mon 09:00-10:00 Mars" } }\n', 5, 'there is no such time zone'],
    [
      'windows: { one: { ics: nowhere.ics } }\n',
      5,
      'the calendar file cannot be read: it holds no calendar, or more than one',
    ],
    [
      'windows: { one: { rrule: FREQ=NOPE, start: "2026-01-01T00:00", lasts: 1h } }\n',
      5,
      'this recurrence rule cannot be used: Invalid FREQ value: NOPE',
    ],
    ['freezes: { one: { rrule: FREQ=DAILY, lasts: 1h } }\n', 5, 'freezes.one.start is missing'],
    ['freezes: { one: { zone: UTC } }\n', 5, 'this value is not accepted'],
    ['freezes: { one: { weekly: "Mon 09:00-10:00 UTC", override: nobody } }\n', 5, 'there is no such group'],
  ])('%s is refused with its line', (calendars, line, message) => {
    expect(read(calendars)).toMatchObject([{ line, message, fix: expect.any(String) }])
  })

  it('that a target names must be there', () => {
    const target = TARGET.replace('pools:', 'freezes: [company], pools:')
    expect(problemsOf(`targets:\n${target}${PEOPLE}`)).toMatchObject([
      { rule: 'unknown-freeze', line: 2, received: 'company', expected: 'a name from freezes: none is there' },
    ])
  })
})
