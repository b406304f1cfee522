import { type DestinationStream, destination, type Logger, pino } from 'pino'

/** Where a credential could stand in a log record. Values are replaced, keys stay: a reader sees that one was there. */
const SECRET_PATHS = ['authorization', 'token', 'botToken', 'signingSecret', 'tokenSha256', 'cookie'].flatMap((key) => [
  key,
  `*.${key}`,
  `*.*.${key}`,
])

interface LoggerOptions {
  /** `debug`, `info`, `warn` …; `SLUICE_LOG_LEVEL` when absent, else `info`. */
  readonly level?: string
  readonly stream?: DestinationStream
}

/**
 * The process's logger: JSON lines on stderr, so that stdout stays free for answers. `part` names the process or the
 * piece that speaks. Credentials are redacted by the name of their key.
 */
export function createLogger(part: string, options: LoggerOptions = {}): Logger {
  const level = options.level ?? knownLevel(process.env['SLUICE_LOG_LEVEL'])
  const redact = {
    paths: [...SECRET_PATHS, '*["x-slack-signature"]', '*.*["x-slack-signature"]'],
    censor: '[redacted]',
  }
  return pino({ level, redact, base: { part } }, options.stream ?? destination({ dest: 2, sync: true }))
}

const LEVELS: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

function knownLevel(level: string | undefined): string {
  return level !== undefined && LEVELS.includes(level) ? level : 'info'
}
