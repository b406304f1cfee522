/** One service behind HAProxy: where it is reached, and where its two pools are. */
export interface ServiceFront {
  readonly service: string
  readonly pools: readonly [string, string]
  readonly port: number
  readonly backendPorts: readonly [number, number]
}

export interface HaproxyPaths {
  readonly folder: string
  readonly socket: string
  /** A socket of its own for whoever only watches. */
  readonly watchSocket: string
  readonly metricsPort: number
}

/**
 * The documented configuration of one service, written out for several: each gets its own frontend, backends and map, and
 * nothing else of it changes. Throws when the example no longer has the parts that are replaced.
 */
export function haproxyConfig(example: string, fronts: readonly ServiceFront[], paths: HaproxyPaths): string {
  const { head, frontend, metrics } = partsOf(example)
  const first = replaceAll(head, {
    'stats socket /run/haproxy/admin.sock mode 660 level admin expose-fd listeners': [
      `stats socket ${paths.socket} mode 660 level admin expose-fd listeners`,
      `  stats socket ${paths.watchSocket} mode 660 level admin`,
      // One HAProxy has ten by default, and all services share this one.
      '  stats maxconn 200',
    ].join('\n'),
    'hard-stop-after 30s': 'hard-stop-after 2s',
  })
  const services = fronts.flatMap((front, index) => [frontendOf(frontend, front, index, paths), ...backendsOf(front)])
  const last = replaceAll(metrics, { '127.0.0.1:8405': `127.0.0.1:${paths.metricsPort}` })
  return [first, ...services, last].join('\n')
}

/** The path of a service's map, as the configuration names it. */
export function mapOf(service: string, { folder }: Pick<HaproxyPaths, 'folder'>): string {
  return `${folder}/sluice-${service}.map`
}

function partsOf(example: string) {
  const frontendAt = example.indexOf('frontend checkout')
  const backendAt = example.indexOf('\nbackend blue')
  const metricsAt = example.indexOf('frontend metrics')
  if (frontendAt < 0 || backendAt < frontendAt || metricsAt < backendAt) {
    throw new Error('the example of haproxy.cfg no longer has `frontend checkout`, `backend blue`, `frontend metrics`')
  }
  return {
    head: example.slice(0, frontendAt),
    frontend: example.slice(frontendAt, backendAt),
    metrics: example.slice(metricsAt),
  }
}

function frontendOf(text: string, front: ServiceFront, index: number, paths: HaproxyPaths): string {
  const [first, second] = front.pools
  return replaceAll(text, {
    'frontend checkout': `frontend ${front.service}`,
    '127.0.0.1:8080': `127.0.0.1:${front.port}`,
    '/etc/haproxy/sluice-checkout.map': mapOf(front.service, paths),
    '/etc/haproxy/': `${paths.folder}/`,
    'xxh32(7)': `xxh32(${index + 7})`,
    'share:green': `share:${second}`,
    'str(blue)': `str(${first})`,
    'str(green)': `str(${second})`,
    'default_backend blue': `default_backend ${first}`,
  })
}

function backendsOf({ pools, backendPorts }: ServiceFront): readonly string[] {
  return pools.map((pool, index) => `backend ${pool}\n  server ${pool}1 127.0.0.1:${backendPorts[index] ?? 0}\n`)
}

function replaceAll(text: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce((now, [from, to]) => {
    if (!now.includes(from)) throw new Error(`the example of haproxy.cfg no longer has ${from}`)
    return now.replaceAll(from, to)
  }, text)
}
