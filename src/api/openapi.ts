import { z } from 'zod'
import { dropParsedDefault } from '../domain/plan/plan-json-schema.ts'
import { SIGNATURE_HEADER } from '../outbound/signature.ts'
import { OPEN_OPERATIONS, OPERATIONS, type Operation, SIGNED_OPERATIONS } from './operations.ts'
import { problem } from './wire/problem.ts'
import { keyText } from './wire/requests.ts'

type Json = Readonly<Record<string, unknown>>

/** The HTTP API as OpenAPI 3.1, made from the schemas that read requests and write answers. */
export function openApiDocument() {
  const { refer, schemas } = createComponents()
  const paths: Record<string, Record<string, Json>> = {}
  const add = (prefix: string, operations: Readonly<Record<string, Operation>>, more: Json) => {
    for (const [operationId, operation] of Object.entries(operations)) {
      const path = `${prefix}${operation.url}`.replaceAll(/:(\w+)/g, '{$1}')
      const described = { operationId, ...describe(operationId, operation, refer), ...more }
      paths[path] = { ...paths[path], [operation.method.toLowerCase()]: described }
    }
  }
  add('/api/v1', OPERATIONS, { security: [{ token: [] }, {}] })
  add('', OPEN_OPERATIONS, { security: [] })
  add('', SIGNED_OPERATIONS, { security: [{ signature: [] }] })
  return {
    openapi: '3.1.0',
    info: { title: 'Sluice', version: '1', description: 'Releases a new version step by step. See docs/http-api.md.' },
    paths,
    components: {
      securitySchemes: {
        signature: {
          ...{ type: 'apiKey', in: 'header', name: SIGNATURE_HEADER },
          description: 'HMAC-SHA256 of the header sluice-timestamp, a dot and the body',
        },
        token: { type: 'http', scheme: 'bearer', description: 'Asked for once anybody in sluice.yaml has a token' },
      },
      schemas: schemas(),
    },
  }
}

type Refer = (schema: z.ZodType, io: 'input' | 'output', name?: string) => Json

function describe(name: string, { method, schema }: Operation, refer: Refer): Json {
  const { summary, params, querystring, body, response } = schema
  const parameters = [
    ...parametersIn('path', params, refer),
    ...parametersIn('query', querystring, refer),
    ...(method === 'DELETE' || body?.shape['key'] !== undefined ? [keyParameter(refer)] : []),
  ]
  return {
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: { required: true, content: jsonOf(refer(body, 'input', `${titled(name)}Request`)) },
    }),
    responses: { ...responsesOf(response, refer), default: problemAnswer(refer) },
  }
}

function responsesOf(response: Operation['schema']['response'], refer: Refer): Json {
  if (response === undefined) return { 200: { description: 'A text', content: { 'text/plain': {} } } }
  return Object.fromEntries(
    Object.entries(response).map(([status, schema]) => {
      const answer = refer(schema, 'output')
      return [status, { description: STATUS_TEXTS[status] ?? 'Done', content: jsonOf(answer) }]
    }),
  )
}

const STATUS_TEXTS: Readonly<Record<string, string>> = {
  201: 'Started, or queued',
  202: 'Temporal has it, and it is not carried out yet',
  503: 'Not now',
}

function problemAnswer(refer: Refer): Json {
  const content = { 'application/problem+json': { schema: refer(problem, 'output') } }
  return { description: 'A refusal or a fault', content }
}

function parametersIn(place: 'path' | 'query', shape: z.ZodObject | undefined, refer: Refer): readonly Json[] {
  return Object.entries(shape?.shape ?? {}).map(([name, schema]) => ({
    ...{ name, in: place, required: place === 'path', schema: refer(schema as z.ZodType, 'input') },
  }))
}

function keyParameter(refer: Refer): Json {
  const description = 'The same key again has one effect; may stand as `key` in the body instead'
  return { name: 'idempotency-key', in: 'header', required: false, description, schema: refer(keyText, 'input') }
}

function jsonOf(schema: Json): Json {
  return { 'application/json': { schema } }
}

function titled(name: string): string {
  return `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`
}

/** Turns schemas into JSON Schema; what has an id or gets a name stands once, among the components. */
function createComponents(): { readonly refer: Refer; readonly schemas: () => Json } {
  const components: Record<string, Json> = {}

  const refer: Refer = (schema, io, name) => {
    const { $schema: _, $defs = {}, ...own } = toJson(schema, io)
    Object.assign(components, $defs)
    if (name === undefined) return own
    components[name] = own
    return { $ref: `#/components/schemas/${name}` }
  }

  return {
    refer,
    schemas: () =>
      Object.fromEntries(Object.entries(components).toSorted(([left], [right]) => (left < right ? -1 : 1))),
  }
}

function toJson(schema: z.ZodType, io: 'input' | 'output'): Json {
  const made = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      dropParsedDefault({ jsonSchema })
      // Answers may get more keys with any version.
      if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
      delete jsonSchema.id
    },
  })
  return JSON.parse(JSON.stringify(made).replaceAll('"#/$defs/', '"#/components/schemas/')) as Json
}
