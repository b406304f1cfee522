import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { haproxyConfig, mapOf } from '../../../faults/world/haproxy-config.ts'

const example = readFileSync(fileURLToPath(new URL('../../../examples/haproxy/haproxy.cfg', import.meta.url)), 'utf8')
const front = (service: string, port: number) => ({
  ...{ service, port, pools: [`${service}-blue`, `${service}-green`] as const },
  backendPorts: [port + 1, port + 2] as const,
})
const paths = { folder: '/tmp/x', socket: '/tmp/x/admin.sock', watchSocket: '/tmp/x/watch.sock', metricsPort: 9_999 }

describe('the configuration of several services', () => {
  const config = haproxyConfig(example, [front('shop-1', 1_000), front('shop-2', 2_000)], paths)

  it('has the documented frontend once per service, each with ports, pools, users and a map of its own', () => {
    expect(config.match(/^frontend .*$/gm)).toEqual(['frontend shop-1', 'frontend shop-2', 'frontend metrics'])
    expect(config.match(/^backend .*$/gm)).toEqual([
      ...['backend shop-1-blue', 'backend shop-1-green', 'backend shop-2-blue', 'backend shop-2-green'],
    ])
    expect(config).toContain('str(share:shop-2-green),map(/tmp/x/sluice-shop-2.map,0)')
    expect(config).toContain('xxh32(7)')
    expect(config).toContain('xxh32(8)')
    expect(mapOf('shop-2', paths)).toBe('/tmp/x/sluice-shop-2.map')
  })

  it('keeps nothing of the one service of the example', () => {
    const lines = config.split('\n').filter((line) => !line.trimStart().startsWith('#'))
    expect(lines.join('\n')).not.toMatch(/checkout|\/etc\/haproxy|\/run\/haproxy|str\(blue\)|:9001/)
  })

  it('is refused when the example has become another', () => {
    expect(() => haproxyConfig(example.replace('frontend checkout', 'frontend shop'), [], paths)).toThrow(
      'no longer has',
    )
  })
})
