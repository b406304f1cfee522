import type { FastifyInstance } from 'fastify'
import { runProgram } from '../../src/cli/program.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import type { Instant } from '../../src/domain/units.ts'

/** Runs the command line for carol against a server in this process; `file` is what every file says that is not in `files`. */
export async function runServed(
  server: FastifyInstance,
  args: readonly string[],
  {
    now,
    file = '',
    files = {},
  }: { readonly now: Instant; readonly file?: string; readonly files?: Readonly<Record<string, string>> },
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let [out, err] = ['', '']
  const terminal: Terminal = {
    ...{ env: { SLUICE_PERSON: 'carol' }, userName: () => 'carol', live: null, hasColor: false, now: () => now },
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    columns: () => 120,
    fetch: async (url, init = {}) => {
      const { pathname, search } = new URL(url instanceof Request ? url.url : url)
      const answer = await server.inject({
        method: (init.method ?? 'GET') as 'GET',
        url: pathname + search,
        headers: init.headers as Record<string, string>,
        ...(typeof init.body === 'string' && { payload: init.body }),
      })
      return new Response(answer.body, { status: answer.statusCode, headers: { 'content-type': 'application/json' } })
    },
    sleep: async () => undefined,
    writeFile: async () => undefined,
    readFile: async (name) => files[name] ?? file,
  }
  const code = await runProgram(args, terminal)
  return { code, out, err }
}
