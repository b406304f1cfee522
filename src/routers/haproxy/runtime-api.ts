import { connect, type Socket } from 'node:net'
import type { Milliseconds } from '../../domain/units.ts'
import { SluiceError } from '../../domain/errors.ts'
import { LATE, lateText, within } from '../../outbound/within.ts'
import type { Permit } from '../router.ts'

/** Where one HAProxy listens for runtime commands: a Unix socket, or TCP when `port` is given. */
export type RuntimeAddress = { readonly path: string } | { readonly host: string; readonly port: number }

/** Longest reply that is read; a map of 10,000 cohorts needs about 1 MiB. */
const LONGEST_REPLY = 4 * 1024 * 1024

/** Reads `/run/haproxy/admin.sock` or `127.0.0.1:9999`; null when the text is neither. */
export function parseAddress(text: string): RuntimeAddress | null {
  if (/^\/[\w./@-]{1,100}$/.test(text)) return { path: text }
  const match = /^([A-Za-z0-9.-]{1,253}|\[[0-9a-f:]+\]):(\d{1,5})$/.exec(text)
  const port = Number(match?.[2])
  if (match === null || port < 1 || port > 65_535) return null
  return { host: (match[1] ?? '').replace(/^\[|\]$/g, ''), port }
}

/**
 * Sends commands on a connection of its own and returns one reply per command, as lines without the closing empty one.
 *
 * A connection is never kept: one that was opened before a reload stays with the old worker, which answers as if all
 * were well while its changes are lost. `permit` is called when the connection stands, right before the commands are
 * sent. Throws what it throws, the signal's reason when `signal` aborts, `router.unreachable` when no whole reply came
 * within `deadline`, and `router.refused` when there are not as many replies as commands.
 */
export async function runCommands(
  address: RuntimeAddress,
  commands: readonly string[],
  deadline: Milliseconds,
  signal: AbortSignal,
  permit: Permit = () => undefined,
): Promise<readonly (readonly string[])[]> {
  const request: Request = { text: `${commands.join(';')}\n`, permit }
  const text = await within({ signal, deadline }, (end) =>
    exchange(address, request, end).catch((cause: unknown) => {
      throw cause instanceof SluiceError ? cause : unreachable(address, wordsOf(cause))
    }),
  )
  if (text === LATE) throw unreachable(address, lateText(deadline))
  const replies = splitReplies(text)
  if (replies.length === commands.length) return replies
  if (text === '') throw unreachable(address, 'the connection was closed without an answer')
  throw refused(address, replies[0]?.[0] ?? text.slice(0, 200))
}

/** The error of a node that did not answer. */
export function unreachable(address: RuntimeAddress, received: string): SluiceError {
  return new SluiceError('router.unreachable', {
    message: `HAProxy at ${describeAddress(address)} did not answer.`,
    expected: 'an answer on its runtime API',
    received,
    fix: 'Check that HAProxy runs and that its `stats socket` is reachable; then read it again, a change may have landed.',
  })
}

/** The error of a node that said no. */
export function refused(address: RuntimeAddress, received: string): SluiceError {
  return new SluiceError('router.refused', {
    message: `HAProxy at ${describeAddress(address)} refused a command.`,
    expected: 'the reply of a runtime API with `level admin`',
    received,
    fix: 'Check the `stats socket` line of haproxy.cfg against docs/routers/haproxy.md.',
  })
}

/** The address as it stands in sluice.yaml. */
export function describeAddress(address: RuntimeAddress): string {
  return 'path' in address ? address.path : `${address.host}:${address.port}`
}

interface Request {
  readonly text: string
  readonly permit: Permit
}

function exchange(address: RuntimeAddress, { text, permit }: Request, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(address)
    const chunks: Buffer[] = []
    let size = 0
    const onAbort = () => void socket.destroy(new Error('aborted'))
    signal.addEventListener('abort', onAbort, { once: true })
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      size += chunk.length
      if (size > LONGEST_REPLY) socket.destroy(new Error(`an answer of more than ${LONGEST_REPLY} bytes`))
    })
    socket.on('error', reject)
    socket.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
    socket.on('close', () => {
      signal.removeEventListener('abort', onAbort)
      reject(new Error('the connection was cut'))
    })
    // Not before: what is written earlier is kept, and would be sent whenever the connection comes to stand.
    socket.on('connect', () => {
      try {
        permit()
        socket.write(text)
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)))
      }
    })
  })
}

/** Each reply ends with an empty line; a reply without lines is the empty line alone. */
function splitReplies(text: string): string[][] {
  const replies: string[][] = []
  let lines: string[] = []
  for (const line of text.split('\n').slice(0, -1)) {
    if (line !== '') {
      lines.push(line)
      continue
    }
    replies.push(lines)
    lines = []
  }
  return lines.length === 0 ? replies : [...replies, lines]
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
