import { describe, expect, it } from 'vitest'
import { ADAPTERS } from '../../src/catalog.ts'
import { readInstallation } from '../../src/config/installation.ts'

const target = (service: string, flags: string) =>
  `  - { service: ${service}, environment: production, pools: [a, b], router: { kind: memory, world: ${service} },\n      flags: ${flags} }\n`

function problemsOf(...targets: readonly string[]) {
  const read = readInstallation(`targets:\n${targets.join('')}`, 'sluice.yaml', ADAPTERS)
  return 'problems' in read ? read.problems : []
}

const FLAGD = '{ kind: flagd, folder: /var/lib/sluice/flags, flags: [new-checkout] }'

describe('the flags of a target in sluice.yaml', () => {
  it.each([
    ['a kind that does not exist', '{ kind: flagged }', { rule: 'unknown-kind', received: 'flagged', line: 3 }],
    ['a folder that is no whole path', FLAGD.replace('/var', 'var'), { line: 3 }],
    [
      'a secret instead of its variable',
      '{ kind: launchdarkly, project: p, environment: e, token: api-1 }',
      { line: 3 },
    ],
    [
      'an address with a password',
      '{ kind: unleash, url: "http://u:p@h", environment: e, token: { env: T } }',
      { line: 3 },
    ],
  ])('are refused with %s', (_, flags, problem) => {
    expect(problemsOf(target('checkout', flags))).toEqual([expect.objectContaining(problem)])
  })

  it('cannot lie in the folder of another target, which would undo what this one writes', () => {
    expect(problemsOf(target('checkout', FLAGD), target('search', FLAGD))).toEqual([
      expect.objectContaining({ rule: 'shared-flag', line: 5, received: 'the folder /var/lib/sluice/flags' }),
    ])
  })

  it('may be all that a target has, without a router and what only a router can answer', () => {
    const only = (more = '') =>
      `  - { service: shop, environment: production, pools: [off, on], flags: ${FLAGD}${more} }\n`
    expect(problemsOf(only())).toEqual([])
    const asks = only(', version: { url: "http://{pool}/version", json: $.version }, capacity: { ready: 80% }')
    expect(problemsOf(asks).map(({ path }) => path.at(-1))).toEqual(['version', 'capacity'])
    const nothing = '  - { service: shop, environment: production, pools: [off, on] }\n'
    expect(problemsOf(nothing).map(({ path }) => path.at(-1))).toEqual(['router'])
  })

  it('may be in one project of a service with those of others', () => {
    const flags = '{ kind: unleash, url: "http://h", environment: e, token: { env: T } }'
    expect(problemsOf(target('checkout', flags), target('search', flags))).toEqual([])
  })
})
