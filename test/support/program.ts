import type { FastifyInstance } from 'fastify'
import { runProgram } from '../../src/cli/program.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import type { Instant } from '../../src/domain/units.ts'

/** What the command line has ended with and said. */
export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the command line for carol, 80 columns wide, in a world that has no server, no file and no time but what is given. */
export async function runSluice(
  args: readonly string[],
  given: Omit<Partial<Terminal>, 'out' | 'err'> = {},
): Promise<Said> {
  let [out, err] = ['', '']
  const terminal: Terminal = {
    ...{ env: {}, live: null, columns: () => 80, hasColor: false, now: () => 0, userName: () => 'carol' },
    fetch: () => Promise.reject(new Error('no server is needed')),
    sleep: async () => undefined,
    writeFile: async () => undefined,
    readFile: async () => '',
    readBeside: given.readFile ?? (async () => ''),
    ...given,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
  }
  return { code: await runProgram(args, terminal), out, err }
}

/** The way to a server in this process. */
export function fetchFrom(server: FastifyInstance): typeof fetch {
  return async (url, init = {}) => {
    const { pathname, search } = new URL(url instanceof Request ? url.url : url)
    const answer = await server.inject({
      method: (init.method ?? 'GET') as 'GET',
      url: pathname + search,
      headers: init.headers as Record<string, string>,
      ...(typeof init.body === 'string' && { payload: init.body }),
    })
    return new Response(answer.body, { status: answer.statusCode, headers: { 'content-type': 'application/json' } })
  }
}

/** The same against such a server; `file` is what every file says that is not in `files`. */
export function runServed(
  server: FastifyInstance,
  args: readonly string[],
  {
    now,
    file = '',
    files = {},
  }: { readonly now: Instant; readonly file?: string; readonly files?: Readonly<Record<string, string>> },
): Promise<Said> {
  return runSluice(args, {
    ...{ env: { SLUICE_PERSON: 'carol' }, columns: () => 120, now: () => now, fetch: fetchFrom(server) },
    readFile: async (name) => files[name] ?? file,
  })
}
