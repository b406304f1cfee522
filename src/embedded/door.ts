import type { IncomingMessage } from 'node:http'
import { isLoopback } from '../api/binding.ts'
import { type Handler, sendJson } from './loopback-server.ts'

/**
 * Lets in only requests that address this very server by a loopback name, and no page of another origin. A browser can be
 * led to any port of its machine: under a name that was pointed here (then Host tells) or from a foreign page (then Origin
 * does).
 */
export function behindDoor(handler: Handler): Handler {
  return (request, response) => {
    const problem = doorProblem(request)
    if (problem === null) return handler(request, response)
    request.resume()
    sendJson(response, 403, { error: problem })
  }
}

function doorProblem({ headers: { host = '', origin }, socket }: Pick<IncomingMessage, 'headers' | 'socket'>) {
  if (!isOwn(host, socket.localPort)) return 'the request must address this server by a loopback name and its port'
  if (origin !== undefined && origin !== `http://${host.toLowerCase()}`) return 'pages of other origins are not let in'
  return null
}

const HOST = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i
/** The port of an address without one. */
const HTTP_PORT = '80'

function isOwn(host: string, port: number | undefined): boolean {
  const [, v6, name = v6, hostPort = HTTP_PORT] = HOST.exec(host) ?? []
  return name !== undefined && isLoopback(name) && Number(hostPort) === port
}
