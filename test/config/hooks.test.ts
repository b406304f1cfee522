import { describe, expect, it } from 'vitest'
import { ADAPTERS } from '../../src/catalog.ts'
import { planContextOf, readInstallation } from '../../src/config/installation.ts'

const TARGET = `targets:
  - service: checkout
    environment: production
    pools: [blue, green]
    router: { kind: memory, world: checkout }
`

function problemsOf(text: string) {
  const read = readInstallation(`${TARGET}${text}`, 'sluice.yaml', ADAPTERS)
  return 'problems' in read
    ? read.problems.map(({ line, rule, message, expected }) => ({ line, rule, said: `${message}; ${expected}` }))
    : []
}
const WEBHOOK = 'webhook: { url: "https://deploy.example.com/{service}" }'

describe('the calls of sluice.yaml', () => {
  it('are what plans of their targets may name', () => {
    const text = `${TARGET}outbound: { commands: true }
hooks:
  deploy: { ${WEBHOOK} }
  restart: { command: { run: [systemctl, restart, "{service}"] }, targets: [checkout/production] }
`
    const read = readInstallation(text, 'sluice.yaml', ADAPTERS)
    if ('problems' in read) throw new Error(JSON.stringify(read.problems))
    const context = planContextOf(read.installation, ADAPTERS, { stepKinds: [], checkKinds: [] })
    expect(context.target('checkout', 'production')?.calls).toEqual({
      deploy: { kind: 'webhook', answersLater: false },
      restart: { kind: 'command', answersLater: false },
    })
  })

  it.each([
    ['hooks:\n  a: { command: { run: [x] } }', 7, 'commands may not be run'],
    [`hooks:\n  a: { ${WEBHOOK}, command: { run: [x] } }`, 7, 'either webhook or command'],
    ['hooks:\n  a: {}', 7, 'either webhook or command'],
    [`hooks:\n  a: { ${WEBHOOK}, dry: b }`, 7, 'there is no such call'],
    [
      `hooks:\n  a: { ${WEBHOOK}, dry: b }\n  b: { ${WEBHOOK}, targets: [checkout/production] }`,
      7,
      'for fewer targets',
    ],
    ['hooks:\n  a: { webhook: { url: "ftp://x" } }', 7, 'https:// or http://'],
    ['hooks:\n  a: { webhook: { url: "https://x/{verson}" } }', 7, 'in braces, not verson'],
    ['hooks:\n  a: { webhook: { url: "https://u:p@x/" } }', 7, 'carries a password'],
    ['hooks:\n  a: { webhook: { url: "https://x", deadline: 2m } }', 7, '100ms to 1m'],
    ['hooks:\n  a: { webhook: { url: "https://x", callback: { within: 5m } } }', 7, 'secret is missing'],
    [
      'hooks:\n  a: { webhook: { url: "https://x", secret: { env: S }, callback: { within: 5m } } }',
      7,
      'not known where the API is reached',
    ],
    [`hooks:\n  a: { ${WEBHOOK}, targets: [shop/production] }`, 7, 'there is no such target'],
    ['outbound: { privateAddresses: [10.0.0.0] }', 6, 'a range of addresses'],
    ['outbound: { privateAddresses: [169.254.0.0/16] }', 6, 'never reached'],
    ['outbound: { privateAddresses: ["0.0.0.0/0"] }', 6, 'never reached'],
  ])('are refused with their place: %s', (text, line, said) => {
    const problems = problemsOf(`${text}\n`)
    expect(problems).toEqual(
      expect.arrayContaining([{ line, rule: expect.anything(), said: expect.stringContaining(said) }]),
    )
  })
})

describe('the version and the capacity of a target', () => {
  it.each([
    ['    version: {}', 'either url or instances'],
    ['    version: { url: "http://{pool}/v", json: version }', 'such as $.version'],
    ['    version: { instances: { blue: ["http://a/v"] } }', 'which version green runs'],
    ['    capacity: { ready: 80% }', 'the router memory cannot say'],
    ['    capacity: { ready: 0% }', 'more than 0%'],
  ])('are refused: %s', (text, said) => {
    expect(problemsOf(`${text}\n`).map((problem) => problem.said)).toEqual([expect.stringContaining(said)])
  })
})
