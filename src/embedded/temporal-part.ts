import { SluiceError } from '../domain/errors.ts'
import type { Ports } from './ports.ts'
import { temporalServes } from './readiness.ts'
import type { SupervisedPart } from './supervisor.ts'

/**
 * Temporal's dev server as a part of a tree, with its data in one file.
 * @throws SluiceError `config.invalid` when nobody has said where its command-line tool is
 */
export function temporalPart(ports: Pick<Ports, 'temporal' | 'temporalUi'>, database: string): SupervisedPart {
  const cli = process.env['TEMPORAL_CLI']
  if (cli === undefined || cli === '') {
    throw new SluiceError('config.invalid', {
      message: 'TEMPORAL_CLI is not set',
      fix: 'start with npm start, which finds it',
    })
  }
  return {
    name: 'temporal',
    entry: 'leash.js',
    args: [
      ...[cli, 'server', 'start-dev', '--ip', '127.0.0.1', '--port', String(ports.temporal)],
      ...['--ui-port', String(ports.temporalUi), '--db-filename', database, '--log-level', 'error'],
    ],
    isReady: () => temporalServes(`127.0.0.1:${ports.temporal}`),
    isForeign: true,
  }
}
