import {expect, it} from 'vitest'

import {jobFileError} from '../../src/bench/job-section.js'

it('a refusal names file, line and column first, and keeps them apart for scripts', () => {
  expect(jobFileError('a.fio', 3, 7, 'bs has no value', 'Write one.')).toMatchObject({
    kind: 'usage',
    code: 'E_JOB_FILE',
    message: 'a.fio:3:7: bs has no value',
    hint: 'Write one.',
    context: {path: 'a.fio', line: 3, column: 7},
  })
})
