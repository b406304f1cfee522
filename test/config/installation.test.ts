import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type AdapterLists, planContextOf, readInstallation } from '../../src/config/installation.ts'
import { formatProblem } from '../../src/domain/problems.ts'
import { createMemoryMetricSource, createMemoryMetricWorld } from '../../src/metrics/memory.ts'
import { createMemoryRouter, createMemoryRouterWorld } from '../../src/routers/memory.ts'
import { FINE_ROUTER } from '../domain/plan-context.ts'

const LISTS: AdapterLists = {
  routers: [
    {
      kind: 'proxy',
      options: z.strictObject({ kind: z.literal('proxy'), admin: z.url() }),
      capabilities: FINE_ROUTER.capabilities,
      capabilitiesWith: () => FINE_ROUTER.capabilities,
      summary: 'A proxy.',
      open: (_, { pools }) => createMemoryRouter(createMemoryRouterWorld({ pools })),
    },
  ],
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
const PEOPLE = 'groups: { owners: [alice] }\npeople: [{ id: alice }]\n'

function read(text: string) {
  return readInstallation(text, 'sluice.yaml', LISTS)
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
    ['a target twice', `targets:\n${TARGET}${TARGET}`, { rule: 'duplicate-target', line: 3 }],
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

  it('reports everything at once', () => {
    const text = `targets:\n${TARGET.replace('kind: proxy', 'kind: envoy')}groups: { owners: [mallory, eve] }\n`
    expect(problemsOf(text).map(({ rule }) => rule)).toEqual(['unknown-kind', 'unknown-person', 'unknown-person'])
  })
})

describe('planContextOf', () => {
  const kinds = { stepKinds: [], checkKinds: [], expressionProblem: () => null }
  const text = `targets:\n${TARGET.replace(' }\n', ', metrics: { m: { kind: store } } }\n')}${PEOPLE}`

  it('tells plans what a target can do, and nothing about its address', () => {
    const context = planContextOf(installationOf(text), LISTS, kinds)
    expect(context.targets).toEqual(['checkout/production'])
    const facts = context.target('checkout', 'production')
    expect(facts).toEqual({
      router: { kind: 'proxy', capabilities: FINE_ROUTER.capabilities },
      metrics: { m: { counts: true, latency: false, queries: null, records: false } },
      groups: { owners: ['alice'] },
    })
    expect(JSON.stringify(facts)).not.toContain('http://a')
    expect(context.target('checkout', 'staging')).toBeNull()
  })
})
