import { connect, type Socket } from 'node:net'
import { SluiceError } from '../../domain/errors.ts'
import type { Milliseconds } from '../../domain/units.ts'
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
  const heard: Buffer[] = []
  const ended = await within({ signal, deadline }, (end) => exchange(address, request, heard, end))
  const text = Buffer.concat(heard).toString('utf8')
  if (ended === LATE) throw silence(address, lateText(deadline), text)
  if (ended !== null) throw silence(address, ended, text)
  const replies = splitReplies(text)
  if (replies.length === commands.length) return replies
  if (text === '') throw unreachable(address, 'the connection was closed without an answer')
  const first = shorten(replies[0]?.[0] ?? text)
  const said = first === '' ? 'empty lines' : JSON.stringify(first)
  throw refused(address, `${said}, which is not ${commands.length} replies but ${replies.length}`)
}

/** The error of a node that did not answer. */
export function unreachable(address: RuntimeAddress, received: string): SluiceError {
  return new SluiceError('router.unreachable', {
    message: `HAProxy at ${describeAddress(address)} did not answer`,
    expected: 'an answer on its runtime API',
    received,
    fix: 'check that HAProxy runs and that its `stats socket` is reachable; then read it again: a change may have taken effect',
  })
}

/** The error of a node that said no, or of something that is no HAProxy. */
export function refused(address: RuntimeAddress, received: string): SluiceError {
  return new SluiceError('router.refused', {
    message: `what answers at ${describeAddress(address)} refused a command, or is not HAProxy`,
    expected: 'the reply of a runtime API of HAProxy with `level admin`',
    received: shorten(received),
    fix: 'check the `stats socket` line of haproxy.cfg against docs/routers/haproxy.md, and that nothing else listens there',
  })
}

/** Half an answer of HAProxy is no answer; something else that has no end was one, and is told. */
function silence(address: RuntimeAddress, received: string, heard: string): SluiceError {
  const start = heard.trim()
  if (start === '') return unreachable(address, received)
  const text = `${received}, only ${JSON.stringify(shorten(start))}`
  const isHaproxy = OPENINGS.some((opening) => opening.startsWith(heard) || heard.startsWith(opening))
  return isHaproxy && heard.length <= LONGEST_REPLY ? unreachable(address, text) : refused(address, text)
}

/** How replies of the runtime API to the commands of this adapter begin. */
const OPENINGS = ['Name: ', '# ', '0x', 'New version created: ', '\n']

function shorten(text: string): string {
  return text.trim().slice(0, 200)
}

/** The address as it stands in sluice.yaml. */
export function describeAddress(address: RuntimeAddress): string {
  return 'path' in address ? address.path : `${address.host}:${address.port}`
}

interface Request {
  readonly text: string
  readonly permit: Permit
}

/** Gathers in `heard` what comes back; answers with what cut it short, or null when it has come to its end. */
function exchange(
  address: RuntimeAddress,
  { text, permit }: Request,
  heard: Buffer[],
  signal: AbortSignal,
): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(address)
    let size = 0
    const onAbort = () => void socket.destroy()
    signal.addEventListener('abort', onAbort, { once: true })
    // Not before: what is written earlier is kept, and would be sent whenever the connection comes to stand.
    socket.on('connect', () => {
      try {
        permit()
        socket.write(text)
      } catch (error) {
        socket.destroy()
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    })
    socket.on('data', (chunk) => {
      heard.push(chunk)
      size += chunk.length
      if (size > LONGEST_REPLY) socket.destroy(new Error(`an answer of more than ${LONGEST_REPLY} bytes`))
    })
    socket.on('error', (error) => resolve(error.message))
    socket.on('end', () => resolve(null))
    socket.on('close', () => {
      signal.removeEventListener('abort', onAbort)
      resolve('the connection was cut')
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
