import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml'
import type { Problem } from '../problems.ts'
import type { TextLimits } from './yaml-scan.ts'

/** A problem that is found in the text itself, and the offset of the node that has it. */
export interface PlacedProblem {
  readonly problem: Problem
  readonly offset: number
  /** The other one of two places that say the same. */
  readonly other?: number
}

/** What a document says, and what is wrong with how it says it. What is wrong is left out of the value. */
interface ReadValue {
  readonly value: unknown
  readonly problems: readonly PlacedProblem[]
}

/** Turns a parsed document into plain values, in time that grows with its size only. */
export function readValue(document: Document.Parsed, limits: Pick<TextLimits, 'aliases'>): ReadValue {
  const reader = createReader(limits.aliases)
  return { value: reader.read(document.contents), problems: reader.problems }
}

const PLAIN = { enumerable: true, configurable: true, writable: true } as const

interface Anchored {
  readonly value: unknown
  /** How many aliases reading it has cost. */
  readonly aliases: number
}

function createReader(mostAliases: number) {
  const problems: PlacedProblem[] = []
  const anchors = new Map<string, Anchored>()
  let aliases = 0

  function report(node: Node | null, words: Omit<Problem, 'rule' | 'path'>): void {
    problems.push({ problem: { rule: 'yaml', path: [], ...words }, offset: offsetOf(node) })
  }

  function read(node: Node | null): unknown {
    if (node === null) return null
    if (isAlias(node)) return readAlias(node, node.source)
    const before = aliases
    const value = readNew(node)
    if ('anchor' in node && typeof node.anchor === 'string')
      anchors.set(node.anchor, { value, aliases: aliases - before })
    return value
  }

  function readNew(node: Node): unknown {
    if (isScalar(node)) return node.value
    if (isSeq<Node | null>(node)) return node.items.map((item) => read(item))
    return isMap<Node, Node | null>(node) ? readMap(node.items) : null
  }

  function readMap(pairs: readonly Pair<Node, Node | null>[]): unknown {
    const map: Record<string, unknown> = {}
    const keys = new Map<string, Node>()
    for (const { key, value } of pairs) {
      const name = isScalar<string | null>(key) ? (key.value ?? '') : ''
      const inner = read(value)
      const first = keys.get(name)
      if (first === undefined) keys.set(name, key)
      if (first !== undefined) reportTwice(key, first)
      else if (name !== '__proto__') map[name] = inner
      // Assigning it would change what the map is.
      else Object.defineProperty(map, name, { value: inner, ...PLAIN })
    }
    return map
  }

  function readAlias(node: Node, source: string): unknown {
    const anchored = anchors.get(source)
    aliases += 1 + (anchored?.aliases ?? 0)
    if (anchored === undefined) {
      report(node, {
        message: `nothing before this is called &${source}`,
        expected: 'the name of an anchor above',
        fix: 'use the name of an anchor above, or write the part out',
      })
      return null
    }
    if (aliases <= mostAliases) return anchored.value
    if (aliases - 1 - anchored.aliases <= mostAliases) {
      report(node, {
        message: 'this expands to too much',
        expected: `at most ${mostAliases} expansions of aliases`,
        fix: 'write the repeated part out',
      })
    }
    return null
  }

  function reportTwice(key: Node, first: Node): void {
    const words = { message: 'this key appears twice', fix: 'remove one of them' }
    problems.push({
      problem: { rule: 'duplicate-key', path: [], ...words },
      offset: offsetOf(key),
      other: offsetOf(first),
    })
  }

  return { read, problems }
}

function offsetOf(node: Node | null): number {
  return node?.range?.[0] ?? 0
}
