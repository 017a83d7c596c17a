import {EXIT_CODES} from '../base/index.js'
import {wrap} from '../report/index.js'

/** Help is printed at most 80 columns wide, two of them indent. */
const HELP_WIDTH = 76

/**
 * The exit codes as lines for the description of a command: "  0  worked; the answer is yes".
 *
 * @param kinds the kinds a command can end with, in any order; all of them when absent
 */
export function exitStatusHelp(kinds?: readonly (typeof EXIT_CODES)[number]['kind'][]): string {
  const rows = EXIT_CODES.filter((row) => kinds === undefined || kinds.includes(row.kind))
  const lines = rows.flatMap(({exit, means}) => {
    const indent = ' '.repeat(5)
    return wrap(means, HELP_WIDTH - indent.length).map(
      (line, i) => (i === 0 ? `${String(exit).padStart(3)}  ` : indent) + line,
    )
  })
  return ['Exit status:', ...lines].join('\n')
}
