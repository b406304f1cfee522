import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApiDocument } from '../../src/api/openapi.ts'
import { createServer } from '../../src/api/server.ts'
import { card, commandOutcome, submission } from '../../src/api/wire/release.ts'
import { lane } from '../../src/api/wire/target.ts'
import type { Releases } from '../../src/releases/releases.ts'
import { apiParts } from '../support/api-parts.ts'
import { PLAN } from '../support/demo-installation.ts'
import { createFakeReleases } from '../support/fake-releases.ts'

interface Described {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: object
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema?: object }>> }>
  >
}

const DOCUMENT = JSON.parse(JSON.stringify(openApiDocument())) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}
const PATHS = DOCUMENT.paths

const releases = createFakeReleases()
const routes: string[] = []
const server = createServer(apiParts({ releases }))
server.addHook('onRoute', ({ method, url }) => {
  for (const one of [method].flat()) if (one !== 'HEAD') routes.push(`${one} ${url.replaceAll(/:(\w+)/g, '{$1}')}`)
})

beforeAll(async () => {
  await server.ready()
  await server.inject({ method: 'POST', url: '/api/v1/releases', payload: { plan: PLAN, version: 'v2' } })
})
afterAll(() => server.close())

describe('schema/openapi.json', () => {
  it('is what the schemas say (else: npm run schema)', () => {
    expect(JSON.parse(readFileSync('schema/openapi.json', 'utf8'))).toEqual(DOCUMENT)
  })

  it('is handed out by the server', async () => {
    expect((await server.inject({ url: '/openapi.json' })).json()).toEqual(DOCUMENT)
  })

  it('describes each route of the server and no other', () => {
    const described = Object.entries(PATHS).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(described.toSorted()).toEqual(routes.toSorted())
  })

  it('declares every part of a path', () => {
    for (const [path, methods] of Object.entries(PATHS)) {
      const parts = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      for (const { parameters = [] } of Object.values(methods))
        expect(parameters.filter((one) => one.in === 'path').map(({ name }) => name)).toEqual(parts)
    }
  })

  it('leads every reference somewhere', () => {
    const names = [...JSON.stringify(DOCUMENT).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference = '']) => reference)
    expect(names.length).toBeGreaterThan(30)
    const known = Object.keys(DOCUMENT.components.schemas).map((name) => `#/components/schemas/${name}`)
    expect(names.filter((name) => !known.includes(name))).toEqual([])
  })

  it.each([
    ['/api/v1/releases', '/api/v1/releases'],
    ['/api/v1/releases/{service}/{environment}/{number}', '/api/v1/releases/checkout/production/1'],
    ['/api/v1/lanes/{service}/{environment}', '/api/v1/lanes/checkout/production'],
    ['/api/v1/targets', '/api/v1/targets'],
    ['/readyz', '/readyz'],
    ['/errors/{code}', '/errors/lane.busy'],
  ])('says of GET %s what the server answers', async (path, url) => {
    const answer = await server.inject({ url })
    expect(answer.statusCode).toBe(200)
    const schema = PATHS[path]?.['get']?.responses['200']?.content['application/json']?.schema
    const ajv = new Ajv2020({ strict: false, logger: false })
    const validate = ajv.compile({ ...schema, components: DOCUMENT.components })
    expect(validate(answer.json()), ajv.errorsText(validate.errors)).toBe(true)
    expect(validate({}), 'an empty object').toBe(false)
  })
})

describe('an answer', () => {
  it('holds all that the domain shows of a release and of a lane', async () => {
    const [shown, standing] = [
      await releases.show('release/checkout/production/1'),
      await releases.lane({ service: 'checkout', environment: 'production' }),
    ]
    expect(card.parse(shown)).toEqual(shown)
    expect(Object.keys(shown).filter((key) => !(key in card.shape))).toEqual([])
    expect(lane.parse(standing)).toEqual(standing)
  })

  it('holds nothing that its schema does not name', async () => {
    const answer = await answerWith({ show: async (id) => ({ ...(await releases.show(id)), secret: 1 }) })
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).not.toHaveProperty('secret')
  })

  it('that lacks what its schema promises is a fault, and says nothing of its inside', async () => {
    const answer = await answerWith({
      show: async (id) => {
        const { phase: _, ...rest } = await releases.show(id)
        return rest as Awaited<ReturnType<Releases['show']>>
      },
    })
    expect(answer.statusCode).toBe(500)
    expect(answer.json()).toMatchObject({ code: 'internal' })
    expect(answer.body).not.toContain('phase')
  })

  it('may name a phase that this version does not know', () => {
    const told = { releaseId: 'release/checkout/production/1', text: 'pause: paused' }
    expect(commandOutcome.safeParse({ ...told, phase: 'resting', isSettled: true }).success).toBe(true)
    expect(submission.safeParse({ releaseId: told.releaseId, placed: 'lost', ahead: 0 }).success).toBe(false)
  })
})

/** The answer to a look at a release, where the façade answers like this. */
async function answerWith(own: Partial<Releases>) {
  const odd = createServer(apiParts({ releases: { ...releases, ...own } }))
  try {
    return await odd.inject({ url: '/api/v1/releases/checkout/production/1' })
  } finally {
    await odd.close()
  }
}
