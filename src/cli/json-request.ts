/** Whether a command line asks for JSON, judged without parsing it: a wrong command line gets its error as JSON too. */
export function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  const words = end === -1 ? argv : argv.slice(0, end)
  return words.some((word, i) => {
    return word === '--json' || word === '--format=json' || (word === 'json' && words[i - 1] === '--format')
  })
}
