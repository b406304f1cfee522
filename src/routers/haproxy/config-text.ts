import { type CohortRules, matchedBy } from '../../domain/cohorts/cohort-rule.ts'
import { TICKET_HEADER, TICKET_NAME } from '../../tickets/ticket.ts'
import { MATCH_KEY, type Source, sourcesOf, TICKET_KEY } from './target-entries.ts'

/** What these lines say by their mere presence that they can do: values of an `acl` that the runtime API shows. Tickets are `tickets`. */
export function abilityOf(map: string, what: Source): string {
  return `sluice:${map}:${what}`
}

/** HAProxy reads lines of 2,048 characters. */
const LONGEST_LINE = 1_500

/**
 * Lines of a frontend of HAProxy 2.6 or newer that pin the cohorts of a target and let in who has a try-it ticket. Who that
 * is stands in the map alone: only another header, cookie or length of a range needs other lines. They read `txn.user`
 * and set `txn.pin`.
 */
export function configText(map: string, cohorts: CohortRules): string {
  const rules = matchedBy(cohorts, Object.keys(cohorts))
  const sources = sourcesOf(rules)
  const abilities = [...sources, 'tickets'].map((what) => abilityOf(map, what))
  const lines = [
    '# Printed by `sluice router config`. Put these lines into the frontend, after those that set txn.user and txn.pin',
    '# and before the one that uses txn.pin. Print them anew when a cohort uses another header, cookie or range length.',
    ...linesOf(abilities).map((line) => `acl sluice_can str(-) -m str${line}`),
    ...gatewayLines(rules),
    ...sources.flatMap((source, index) => sourceLines(source, index, map)),
    ...ticketLines(map),
  ]
  return lines.map((line) => (line === '' ? '\n' : `  ${line}\n`)).join('')
}

/** Headers that say who somebody is are believed of the gateway alone. */
function gatewayLines(rules: CohortRules): readonly string[] {
  const headers = Object.values(rules).flatMap((rule) =>
    rule.kind === 'header' ? [rule.name] : rule.kind === 'address' && rule.header !== null ? [rule.header] : [],
  )
  return [...new Set(headers)].sort().map((header) => `http-request del-header ${header} unless from_gateway`)
}

function sourceLines(source: Source, index: number, map: string): readonly string[] {
  const own = `txn.sluice_${index}`
  const key = `str(${MATCH_KEY}${source}:),concat(,${own})`
  return [
    '',
    `# ${source}`,
    readLine(source, own),
    `http-request set-var(txn.pin) ${key},map(${map}) if { var(${own}) -m found }`,
  ]
}

function readLine(source: Source, own: string): string {
  const [kind = '', name = ''] = source.split(':')
  const set = `http-request set-var(${own})`
  if (kind === 'header') return `${set} req.fhdr(${name}) if { req.fhdr_cnt(${name}) eq 1 }`
  if (kind === 'cookie') return `${set} req.cook(${name})`
  if (kind === 'user') return `${set} var(txn.user)`
  const header = kind.split('@')[1]
  const mask = `ipmask(${Math.min(32, Number(name))},${name})`
  if (header === undefined) return `${set} src,${mask}`
  return `${set} req.hdr_ip(${header},-1),${mask} if { req.fhdr_cnt(${header}) eq 1 }`
}

/** A ticket is checked by HAProxy alone: its form, its seal with the key in the map, its end. */
function ticketLines(map: string): readonly string[] {
  const inLink = `{ method GET } { url_param(${TICKET_NAME}) -m found }`
  const location = `%[url,regsub("([?&])${TICKET_NAME}=[^&]*&?","\\1"),regsub("[?&]$","")]`
  const cookie = `${TICKET_NAME}=%[var(txn.try)]; Path=/; HttpOnly; SameSite=Lax`
  return [
    '',
    '# Try-it tickets',
    `http-request del-header ${TICKET_HEADER}`,
    `http-request set-var(txn.try) req.cook(${TICKET_NAME})`,
    `http-request set-var(txn.try) url_param(${TICKET_NAME}) if ${inLink}`,
    `http-request set-var(txn.try_key) str(${TICKET_KEY}key),map(${map})`,
    'http-request set-var(txn.try_seal) var(txn.try),field(3,.)',
    'http-request set-var(txn.try_own) var(txn.try),field(1,.,2),hmac(sha256,txn.try_key),hex',
    'http-request set-var(txn.try_now) date()',
    'http-request set-var(txn.try_left) var(txn.try),field(1,.),sub(txn.try_now)',
    'acl sluice_form var(txn.try) -m reg ^[0-9]{10}[.][0-9a-f]{16}[.][0-9A-F]{64}$',
    'acl sluice_seal var(txn.try_seal),secure_memcmp(txn.try_own) -m bool',
    'acl sluice_time var(txn.try_left) -m int gt 0',
    'http-request set-var(txn.tried) bool(true) if sluice_form sluice_seal sluice_time',
    'acl sluice_tried var(txn.tried) -m bool',
    `http-request return status 303 hdr location '${location}' hdr set-cookie "${cookie}" hdr cache-control no-store if sluice_tried ${inLink} { url -m reg '^/([^/\\\\]|$)' }`,
    `http-request set-var(txn.pin) str(${TICKET_KEY}pool),map(${map}) if sluice_tried`,
    `http-request set-header ${TICKET_HEADER} 1 if sluice_tried`,
  ]
}

/** The words, each after a space, on as few lines as they fit. */
function linesOf(words: readonly string[]): readonly string[] {
  const lines: string[] = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length > LONGEST_LINE) lines.push(` ${word}`)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
