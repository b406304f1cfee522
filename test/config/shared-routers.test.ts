import { describe, expect, it } from 'vitest'
import { ADAPTERS } from '../../src/catalog.ts'
import { readInstallation } from '../../src/config/installation.ts'

function rulesOf(...routers: readonly string[]): readonly string[] {
  const targets = routers.map(
    (router, index) => `  - { service: s${index}, environment: e, pools: [a, b], router: ${router} }\n`,
  )
  const read = readInstallation(`targets:\n${targets.join('')}`, 'sluice.yaml', ADAPTERS)
  return 'problems' in read ? read.problems.map(({ rule, line }) => `${line} ${rule}`) : []
}

describe('two targets', () => {
  it.each([
    [
      'one data plane',
      '{ kind: embedded, admin: "http://127.0.0.1:7081" }',
      '{ kind: embedded, admin: "http://localhost:7081/", deadline: 5s }',
    ],
    [
      'one map of one HAProxy',
      '{ kind: haproxy, sockets: [/a.sock], map: /m.map }',
      '{ kind: haproxy, sockets: [/a.sock], map: /m.map, deadline: 3s }',
    ],
    [
      'one map of one HAProxy among several',
      '{ kind: haproxy, sockets: ["h1:99", "h2:99"], map: /m.map }',
      '{ kind: haproxy, sockets: ["h2:99", "h3:99"], map: /m.map }',
    ],
  ])('cannot write the state of %s', (_, first, second) => {
    expect(rulesOf(first, second)).toEqual(['3 shared-router'])
  })

  it.each([
    [
      'data planes',
      '{ kind: embedded, admin: "http://127.0.0.1:7081" }',
      '{ kind: embedded, admin: "http://127.0.0.1:7082" }',
    ],
    [
      'maps of one HAProxy',
      '{ kind: haproxy, sockets: [/a.sock], map: /m.map }',
      '{ kind: haproxy, sockets: [/a.sock], map: /n.map }',
    ],
    [
      'HAProxies with maps of one name',
      '{ kind: haproxy, sockets: [/a.sock], map: /m.map }',
      '{ kind: haproxy, sockets: [/b.sock], map: /m.map }',
    ],
  ])('may have two %s', (_, first, second) => {
    expect(rulesOf(first, second)).toEqual([])
  })
})
