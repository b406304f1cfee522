import { startEmbeddedPath } from '../../test/support/embedded-path.ts'
import { startDataPath } from '../../test/support/haproxy-server.ts'

/** A data path in a process of its own, so that nothing else of the bench runs beside it. Says where it is, then serves. */
const path = process.argv[2] === 'haproxy' ? await haproxy() : await embedded()
process.on('SIGTERM', () => void path.stop().then(() => process.exit(0)))
process.send?.(path.where)

async function embedded() {
  const { port, admin, stop } = await startEmbeddedPath()
  return { where: { port, router: { kind: 'embedded', admin } }, stop }
}

async function haproxy() {
  const { servers, stop } = await startDataPath()
  const [node] = servers
  if (node === undefined) throw new Error('there is no HAProxy')
  return { where: { port: node.port, router: { kind: 'haproxy', sockets: [node.socket], map: node.map } }, stop }
}
