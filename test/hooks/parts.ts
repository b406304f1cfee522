import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ADAPTERS } from '../../src/catalog.ts'
import { readInstallation } from '../../src/config/installation.ts'
import { formatProblem } from '../../src/domain/problems.ts'
import { createOutside } from '../../src/hooks/create-outside.ts'
import type { CallRequest } from '../../src/hooks/outside.ts'

export const REQUEST: CallRequest = {
  target: { service: 'checkout', environment: 'production' },
  releaseId: 'release/checkout/production/7',
  version: '2.4.0',
  roles: { stable: 'blue', canary: 'green' },
  step: 2,
  call: 'deploy',
  key: 'release/checkout/production/7/step-2/deploy',
  direction: 'do',
}

export const NOW = 1_800_000_000_000

interface Heard {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A service that hears calls, on a port of its own. */
export async function startListener(answer: (response: ServerResponse, heard: Heard) => void) {
  const heard: Heard[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body }
      heard.push(one)
      answer(response, one)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    heard,
    port,
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

/** What every file beside `sluice.yaml` holds. */
const SECRET = 'a-secret-of-at-least-32-characters'

/** What an installation with these lines under its target calls. */
export function outsideOf(
  lines: Readonly<Record<string, unknown>>,
  variables: NodeJS.ProcessEnv = {},
  ofTarget: Readonly<Record<string, unknown>> = {},
) {
  const target = {
    ...{ service: 'checkout', environment: 'production', pools: ['blue', 'green'] },
    router: { kind: 'memory', world: 'hooks' },
    ...ofTarget,
  }
  const outbound = { commands: true, privateAddresses: ['127.0.0.0/8'], callbackUrl: 'https://sluice.example.com' }
  const read = readInstallation(
    JSON.stringify({ targets: [target], outbound, ...lines }),
    'sluice.yaml',
    ADAPTERS,
    () => SECRET,
  )
  if ('problems' in read) throw new Error(read.problems.map(formatProblem).join('\n'))
  return createOutside({ installation: read.installation, variables, now: () => NOW })
}
