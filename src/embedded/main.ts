import { isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeError, SluiceError } from '../domain/errors.ts'
import { takeHome, writeInstallation } from './home.ts'
import { createPartsRecord, endLeftovers } from './leftovers.ts'
import { choosePorts, type Ports } from './ports.ts'
import { answers } from './readiness.ts'
import { createScreen } from './screen.ts'
import { outliveReaders } from './service-process.ts'
import { createSupervisor, type SupervisedPart, type Supervisor } from './supervisor.ts'
import { temporalPart } from './temporal-part.ts'
import { runTour } from './tour.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** Where the API serves the flags of the demo's target. */
const FLAGS_PATH = '/flags/checkout/production'
const PLAN = join(ROOT, 'examples', 'checkout.yaml')

/** Everything on one bare machine: starts the tree, runs a real release before the reader's eyes, and stays up. */
async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args)
  outliveReaders()
  // Whatever the tree writes, Temporal's database and the logs too, is for this user only.
  process.umask(0o077)
  const stopped = stopOnSignal()
  const screen = createScreen(process.stdout)
  const home = await takeHome(folderOf(process.env['SLUICE_HOME']))
  const left = await endLeftovers(home.partsFile)
  if (left > 0) screen.note(`ended ${left} processes that a killed run had left behind`)
  const ports = await choosePorts(home.portsFile, screen.note)
  await writeInstallation(home, ports, PLAN)
  const supervisor = createSupervisor({
    logs: home.logs,
    onRestart: (name, how) => screen.note(`${name} ended (${how}) and is restarted`),
    onProcess: createPartsRecord(home.partsFile),
  })
  try {
    // Who is told to end while parts are still starting does not wait for them.
    await Promise.race([startTree(supervisor, partsOf(ports, home), screen), stopped])
    if (stopped.isStopped()) return options.exits ? 1 : 0
    screen.addresses([
      ['release API', `http://127.0.0.1:${ports.api}`],
      ['Temporal UI', `http://127.0.0.1:${ports.temporalUi}`],
      ['flags', `http://127.0.0.1:${ports.api}${FLAGS_PATH}/flagd.json`],
      ['demo shop', `http://127.0.0.1:${ports.proxy}/checkout`],
      ['metrics', `http://127.0.0.1:${ports.admin}/metrics`],
      ['logs', home.logs],
    ])
    const show = { ports, screen, planFile: PLAN, secretFile: home.secret }
    const tour = options.isEmpty ? Promise.resolve(true) : runTour(show)
    const wentWell = await Promise.race([tour, stopped.then(() => false)])
    if (options.exits) return wentWell ? 0 : 1
    if (!stopped.isStopped()) screen.whatNext(ports.api)
    await stopped
    return 0
  } finally {
    await supervisor.stop()
    await home.release()
  }
}

function readOptions(args: readonly string[]): { exits: boolean; isEmpty: boolean } {
  const unknown = args.filter((arg) => arg !== '--exit' && arg !== '--empty')
  if (unknown.length > 0) {
    throw new SluiceError('config.invalid', {
      message: `npm start does not know ${unknown.join(' ')}`,
      expected: '--exit (end after the tour) or --empty (no tour)',
      fix: 'write npm start -- --exit',
    })
  }
  return { exits: args.includes('--exit'), isEmpty: args.includes('--empty') }
}

function folderOf(wished: string | undefined): string {
  if (wished === undefined || wished === '') return join(ROOT, '.sluice')
  return isAbsolute(wished) ? wished : resolve(wished)
}

/** Resolves at the first signal to end; our parent's death counts as one. */
function stopOnSignal(): Promise<void> & { isStopped: () => boolean } {
  let isStopped = false
  const stopped = new Promise<void>((done) => {
    const stop = () => {
      isStopped = true
      done()
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop)
    process.once('disconnect', stop)
    // The channel may have closed before anybody listened.
    if (process.send !== undefined && !process.connected) stop()
  })
  return Object.assign(stopped, { isStopped: () => isStopped })
}

async function startTree(
  supervisor: Supervisor,
  parts: readonly SupervisedPart[],
  screen: ReturnType<typeof createScreen>,
): Promise<void> {
  for (const part of parts) {
    const done = screen.step(part.name)
    await supervisor.start(part)
    done()
  }
}

function partsOf(ports: Ports, home: Awaited<ReturnType<typeof takeHome>>): SupervisedPart[] {
  const local = (port: number) => `http://127.0.0.1:${port}`
  const sluice = {
    TEMPORAL_ADDRESS: `127.0.0.1:${ports.temporal}`,
    SLUICE_CONFIG: home.config,
    SLUICE_HOST: '127.0.0.1',
    SLUICE_PORT: String(ports.api),
    SLUICE_WORKFLOW_BUNDLE: join(ROOT, 'dist', 'workflow-bundle.js'),
  }
  const service = (name: string, port: number): SupervisedPart => ({
    name: `demo service ${name}`,
    entry: 'demo-service/main.js',
    args: [JSON.stringify({ port, version: '2.3.9', flags: `${local(ports.api)}${FLAGS_PATH}` })],
    isReady: () => answers(`${local(port)}/__version`),
  })
  return [
    temporalPart(ports, home.database),
    service('blue', ports.blue),
    service('green', ports.green),
    {
      name: 'data plane',
      entry: 'data-plane/main.js',
      args: [
        JSON.stringify({
          ...{ proxyPort: ports.proxy, adminPort: ports.admin, stateFile: home.routing, secretFile: home.secret },
          pools: { blue: local(ports.blue), green: local(ports.green) },
        }),
      ],
      isReady: () => answers(`${local(ports.admin)}/metrics`),
    },
    {
      name: 'load',
      entry: 'load/main.js',
      args: [JSON.stringify({ target: local(ports.proxy), statsPort: ports.load, rate: 150 })],
      isReady: () => answers(`${local(ports.load)}/stats`),
    },
    { name: 'worker', entry: '../worker/main.js', env: sluice, isReady: async () => true },
    { name: 'api', entry: '../api/main.js', env: sluice, isReady: () => answers(`${local(ports.api)}/readyz`) },
  ]
}

// The last handles belong to pipes of ended children.
await main(process.argv.slice(2)).then(
  (status) => process.exit(status),
  (error: unknown) => {
    process.stderr.write(`${describeError(error)}\n`)
    process.exit(1)
  },
)
