import {expect, it} from 'vitest'

import {asksForJson} from '../../src/cli/json-request.js'

it.each([[['--json']], [['disk.img', '--json', '--nope']], [['--format', 'json']], [['--format=json', '--', 'x']]])(
  '%j asks for JSON',
  (argv) => {
    expect(asksForJson(argv)).toBe(true)
  },
)

it.each([[[]], [['json']], [['--format', 'table']], [['--', '--json']], [['--format=ndjson']]])(
  '%j does not ask for JSON',
  (argv) => {
    expect(asksForJson(argv)).toBe(false)
  },
)
