import { describe, expect, it } from 'vitest'
import { ADAPTERS } from '../../src/catalog.ts'
import { readInstallation } from '../../src/config/installation.ts'
import { SluiceError } from '../../src/domain/errors.ts'

const TARGET = { service: 'checkout', environment: 'production' }
const FILES: Record<string, string> = {
  'pilots.txt': '# pilots\nada\ngrace\n',
  'spaced.txt': 'ada\ngrace hopper\n',
  'empty.txt': '# nobody\n',
  'short.secret': 'short',
  'good.secret': `${'a'.repeat(64)}\n`,
}

function read(cohorts: string, more = '') {
  const head =
    'targets:\n  - service: checkout\n    environment: production\n    pools: [blue, green]\n    router: { kind: memory, world: w }\n'
  return readInstallation(`${head}    cohorts:\n${cohorts}${more}`, 'sluice.yaml', ADAPTERS, (path) => {
    const text = FILES[path]
    if (text === undefined)
      throw new SluiceError('config.invalid', { message: `${path} cannot be read`, fix: 'create it' })
    return text
  })
}

function installationOf(cohorts: string, more = '') {
  const result = read(cohorts, more)
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return result.installation
}

describe('cohorts of sluice.yaml', () => {
  it.each([
    ['{ header: X-User-Group, is: internal }', { kind: 'header', name: 'x-user-group', values: ['internal'] }],
    ['{ cookie: beta, is: "1" }', { kind: 'cookie', name: 'beta', values: ['1'] }],
    ['{ header: x-country, in: [de, fr] }', { kind: 'header', name: 'x-country', values: ['de', 'fr'] }],
    ['{ address: 10.0.0.0/8 }', { kind: 'address', ranges: ['10.0.0.0/8'], header: null }],
    [
      '{ address: ["2001:DB8::/32", 192.0.2.7], header: X-Forwarded-For }',
      { kind: 'address', ranges: ['2001:db8::/32', '192.0.2.7/32'], header: 'x-forwarded-for' },
    ],
    ['{ users: pilots.txt }', { kind: 'user', values: ['ada', 'grace'] }],
    ['{ users: [ada] }', { kind: 'user', values: ['ada'] }],
    ['{ users: pilots.txt, header: X-Account }', { kind: 'header', name: 'x-account', values: ['ada', 'grace'] }],
    ['{ users: pilots.txt, cookie: account }', { kind: 'cookie', name: 'account', values: ['ada', 'grace'] }],
    ['{ gateway: true }', { kind: 'gateway' }],
  ])('%s says who is of it', (form, rule) => {
    expect(installationOf(`      one: ${form}\n`).cohortsOf(TARGET)).toEqual({ one: rule })
  })

  it.each([
    ['{ is: internal }', 'value'],
    ['{ header: a }', 'value'],
    ['{ header: a, cookie: b, is: c }', 'value'],
    ['{ header: a, is: b, in: [c] }', 'value'],
    ['{ header: "a b", is: c }', 'value'],
    ['{ header: a, is: "b c" }', 'value'],
    ['{ header: a, is: "b;c" }', 'value'],
    ['{ cookie: beta, is: 1 }', 'value'],
    ['{ address: 10.0.0.0/8, users: [ada] }', 'value'],
    ['{ address: 10.0.0.0/8, cookie: a }', 'value'],
    ['{ gateway: true, header: a }', 'value'],
    ['{ gateway: false }', 'value'],
    ['{ headers: a, is: b }', 'unknown-key'],
    ['{ address: 10.1.0.0/8 }', 'address'],
    ['{ address: office }', 'address'],
    ['{ users: missing.txt }', 'users-file'],
    ['{ users: spaced.txt }', 'users-file'],
    ['{ users: empty.txt }', 'users-file'],
  ])('%s is refused at its line', (form, rule) => {
    const result = read(`      fine: { gateway: true }\n      one: ${form}\n`)
    const problems = 'problems' in result ? result.problems : []
    expect(problems.map((problem) => problem.rule)).toContain(rule)
    expect(problems.every(({ line }) => line === 8)).toBe(true)
    expect(problems.every(({ fix = '' }) => fix !== '')).toBe(true)
  })

  it('say what the first address of a range is, and which line of a file is wrong', () => {
    const result = read('      one: { address: 10.1.0.0/8 }\n      two: { users: spaced.txt }\n')
    expect('problems' in result && result.problems).toMatchObject([
      { expected: '10.0.0.0/8, the first address of it', line: 7 },
      { message: 'line 2 of spaced.txt is no user', received: 'grace hopper', line: 8 },
    ])
  })
})

describe('the secret of tickets', () => {
  it('is read beside sluice.yaml, at each call', () => {
    const { ticketSecret } = installationOf('      vip: { gateway: true }\n', 'tickets: { secretFile: good.secret }\n')
    expect(ticketSecret?.()).toBe('a'.repeat(64))
  })

  it('is no short one, and none where nobody has named a file', () => {
    const cohort = '      vip: { gateway: true }\n'
    const { ticketSecret } = installationOf(cohort, 'tickets: { secretFile: short.secret }\n')
    expect(() => ticketSecret?.()).toThrow('short.secret holds no secret')
    expect(installationOf(cohort).ticketSecret).toBeNull()
  })
})
