import { describeError, SluiceError } from '../domain/errors.ts'

/** Something that runs until it is closed. `ports` are the ports it listens on, by name. */
export interface RunningService {
  readonly ports: Readonly<Record<string, number>>
  readonly close: () => Promise<void>
}

/**
 * Runs a service as a process of its own. Its settings are JSON in the first argument, else in `SLUICE_SERVICE`. When it
 * listens it prints one line of JSON, `{"listening":{...ports}}`, and sends the same to a parent that spawned it with
 * IPC. It closes on SIGTERM and SIGINT, and when that parent is gone, so that nothing is left behind.
 */
export async function runService(start: (settings: unknown) => Promise<RunningService>): Promise<void> {
  outliveReaders()
  try {
    const service = await start(readSettings())
    // Whoever reads the announcement may ask for the end at once.
    closeOnce(service)
    const announcement = { listening: service.ports }
    process.stdout.write(`${JSON.stringify(announcement)}\n`)
    process.send?.(announcement)
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n`)
    process.exit(1)
  }
}

/** Whoever reads what a process prints may go away; the next line printed would end the process. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}

function readSettings(): unknown {
  const text = process.argv[2] ?? process.env['SLUICE_SERVICE'] ?? ''
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new SluiceError('config.invalid', {
      message: 'the settings of the service are not JSON',
      expected: 'JSON as the first argument or in SLUICE_SERVICE',
      received: text === '' ? 'nothing' : text.slice(0, 200),
      cause,
    })
  }
}

function closeOnce(service: RunningService): void {
  let isClosing = false
  const close = () => {
    if (isClosing) return
    isClosing = true
    service.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  for (const event of ['SIGTERM', 'disconnect'] as const) process.on(event, close)
  // The parent may have gone before anybody listened.
  if (process.send !== undefined && !process.connected) close()
  // Ctrl-C reaches the whole group; with a parent, the parent decides when it is time.
  process.on('SIGINT', () => {
    if (!process.connected) close()
  })
}
