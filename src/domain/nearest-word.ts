/** The known word within two edits of `word`, and at most half of it edited, if there is one. */
export function nearestWord(word: string, known: readonly string[]): string | null {
  const [best] = known
    .filter((candidate) => Math.abs(candidate.length - word.length) <= 2)
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= 2 && distance * 2 <= candidate.length)
    .sort((left, right) => left.distance - right.distance)
  return best?.candidate ?? null
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let index = 0; index < left.length; index += 1) {
    const next = [index + 1]
    for (let column = 1; column <= right.length; column += 1) {
      const substitute = (row[column - 1] ?? 0) + (left[index] === right[column - 1] ? 0 : 1)
      next.push(Math.min((row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1, substitute))
    }
    row = next
  }
  return row[right.length] ?? 0
}
