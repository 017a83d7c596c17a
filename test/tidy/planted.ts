import type {RuleName} from './rules.js'

/** A house in a few lines: path -> text. */
interface Planted {
  readonly files: Record<string, string>
  readonly topLevel?: readonly string[]
}

const file = (path: string, text: string): Planted => ({files: {[path]: text}})
const top = (...topLevel: string[]): Planted => ({files: {}, topLevel})

const DOOR = '/**\n * Method: sizes.\n *\n * @module\n */\n'
const CODE = 'export const one = 1\n'
const WORK = 'export function work() {}\n'

/** For each rule houses that break it exactly once, and houses close to those that it must accept. */
export const PLANTED: Record<RuleName, {broken: readonly Planted[]; sound: readonly Planted[]}> = {
  'every room has a row in the import table': {
    broken: [file('src/attic/index.ts', DOOR)],
    sound: [file('src/base/index.ts', DOOR)],
  },
  'a room imports only the rooms its row names': {
    broken: [
      file('src/request/a.ts', `import {fd} from '../aio/index.js'`),
      file('src/request/a.ts', `import type {Fd} from '../image/index.js'`),
      file('src/engine/a.ts', `export {Ledger} from '../durability/index.js'`),
      file('src/engine/a.ts', `export * from '../report/index.js'`),
      file('src/aio/sim/a.ts', `export const lazy = () => import('../../engine/index.js')`),
      file('src/base/a.ts', `export type Late = import('../run/index.js').Run`),
      file('src/base/a.ts', `import '../cli/index.js'`),
    ],
    sound: [
      file('src/request/a.ts', `import {b} from '../base/index.js'`),
      file('src/request/a.ts', `// import {fd} from '../aio/index.js'`),
    ],
  },
  'a room is entered through its door': {
    broken: [
      file('src/request/a.ts', `import {parseSize} from '../base/units.js'`),
      file('src/aio/sim/a.ts', `import {parseSize} from '../../base/units.js'`),
      file('src/request/a.ts', `export const lazy = () => import('../base/units.js')`),
      file('src/request/a.ts', `import {version} from '../../package.js'`),
    ],
    sound: [
      file('src/aio/sim/a.ts', `import type {Backend} from '../backend.js'\nimport '../../base/index.js'`),
      file('src/aio/a.ts', `export const lazy = () => import('./uring/backend.js')`),
    ],
  },
  'a package is imported only by the room that owns it': {
    broken: [
      file('src/aio/a.ts', `export const lazy = () => import('koffi')`),
      file('src/report/a.ts', `import {Flags} from '@oclif/core/flags'`),
      file('src/cli/a.ts', `import {blake3} from 'hash-wasm'`),
      file('src/commands/a.ts', `import ora from 'ora'`),
      file('src/base/a.ts', `import left from 'left-pad'`),
      file('src/image/a.ts', `import {openSync} from 'fs'`),
    ],
    sound: [
      file('src/native/a.ts', `import type koffi from 'koffi'`),
      file('src/cli/a.ts', `import {Flags} from '@oclif/core/flags'`),
      file('src/image/a.ts', `import {openSync} from 'node:fs'`),
      file('test/a.test.ts', `import fc from 'fast-check'`),
    ],
  },
  'a pure room does no I/O': {
    broken: [
      file('src/trace/a.ts', `import {openSync} from 'node:fs'`),
      file('src/durability/a.ts', `import {open} from 'node:fs/promises'`),
      file('src/batch/a.ts', `export const lazy = () => import('node:child_process')`),
    ],
    sound: [file('src/base/a.ts', `import {constants} from 'node:os'`), file('src/image/a.ts', `import 'node:fs'`)],
  },
  'a door opens with what its room is for': {
    broken: [
      file('src/base/index.ts', CODE),
      file('src/base/index.ts', `${CODE}${DOOR}`),
      file('src/base/units.ts', CODE),
      {files: {'src/aio/index.ts': DOOR, 'src/aio/sim/index.ts': CODE}},
    ],
    sound: [file('src/base/index.ts', DOOR), file('src/commands/run.ts', CODE)],
  },
  'the rules see code in every folder they lint': {
    broken: [
      {files: {'src/a/b.ts': CODE, 'test/a/b.test.ts': CODE}},
      {files: {'src/a/b.ts': CODE, 'test/a/b.test.ts': CODE, 'bin/README.md': 'no code'}},
    ],
    sound: [{files: {'src/a/b.ts': CODE, 'test/a/b.test.ts': CODE, 'bin/run.js': CODE}}],
  },
  'every source file has a test that mirrors it': {
    broken: [
      file('src/base/units.ts', WORK),
      file('src/base/index.ts', 'export const work = () => 1'),
      file('src/base/units.ts', 'export class Worker {}'),
      {files: {'src/base/units.ts': WORK, 'test/base/base.test.ts': CODE}},
      {files: {'src/base/units.ts': WORK, 'test/base/range.test.ts': `import '../../src/base/units.js'`}},
      {files: {'src/aio/sim/disk.ts': WORK, 'test/aio/uring/uring.test.ts': `import '../../../src/aio/sim/disk.js'`}},
      {files: {'src/run/kinds.ts': WORK, 'test/e2e/kinds.test.ts': CODE}},
    ],
    sound: [
      {files: {'src/base/units.ts': WORK, 'test/base/units.test.ts': `import '../../src/base/units.js'`}},
      {files: {'src/base/units.ts': WORK, 'test/base/base.test.ts': `import '../../src/base/index.js'`}},
      {files: {'src/aio/sim/disk.ts': WORK, 'test/aio/sim/disk.fuzz.test.ts': `import '../../../src/aio/sim/disk.js'`}},
      {files: {'src/aio/sim/disk.ts': WORK, 'test/aio/aio.test.ts': `import '../../src/aio/index.js'`}},
      {files: {'src/commands/run.ts': WORK, 'test/e2e/run.test.ts': CODE}},
      {files: {'src/base/index.ts': WORK, 'test/base/base.test.ts': `import '../../src/base/index.js'`}},
      file('src/base/index.ts', CODE),
      file(
        'src/trace/event.ts',
        `import type {Range} from '../base/index.js'\nexport interface E {at: Range}\ntype A = E`,
      ),
    ],
  },
  'every test mirrors a source file': {
    broken: [
      file('test/base/units.test.ts', CODE),
      file('test/base/base.test.ts', CODE),
      file('test/odds.test.ts', CODE),
      {files: {'src/base/units.ts': CODE, 'test/base/unit.test.ts': CODE}},
    ],
    sound: [
      {files: {'src/base/units.ts': CODE, 'test/base/units.test.ts': CODE}},
      {files: {'src/image/locks.ts': CODE, 'test/image/locks.interop.test.ts': CODE}},
      {files: {'src/base/units.ts': CODE, 'test/base/base.test.ts': CODE}},
      {files: {'bin/manifest.js': CODE, 'test/manifest.test.ts': CODE}},
      {files: {'test/peers.ts': CODE, 'test/peers.test.ts': CODE}},
      file('test/interop/strace.test.ts', CODE),
      file('test/readme.test.ts', CODE),
      file('test/aio/contract.ts', CODE),
    ],
  },
  'nothing strange lies at the top': {
    broken: [top('src', 'scripts'), top('notes.md')],
    sound: [top('src', 'bin', 'README.md', '.ci', '.gitignore')],
  },
  'no file is too long to read': {
    broken: [file('src/base/a.ts', '\n'.repeat(499) + CODE)],
    sound: [file('src/base/a.ts', '\n'.repeat(498) + CODE), file('README.md', `${'\n'.repeat(900)}the end`)],
  },
  'names are kebab-case and say what they name': {
    broken: [
      file('src/base/byteRange.ts', CODE),
      file('src/CacheMode/index.ts', CODE),
      file('src/base/byte_range.ts', CODE),
      file('src/utils/index.ts', CODE),
      file('src/base/helpers.ts', CODE),
      file('test/common/a.test.ts', CODE),
    ],
    sound: [
      file('src/cache-mode/none.ts', CODE),
      file('src/README.md', ''),
      file('examples/01-first-batch/batch.fp', ''),
      file('test/image/locks.interop.test.ts', CODE),
    ],
  },
  'no work is left as a note in the code': {
    broken: [
      file('src/base/a.ts', `// ${'TO' + 'DO'}: later`),
      file('test/a.test.ts', `// ${'FIX' + 'ME'}`),
      file('README.md', `${'X' + 'XX'} say more`),
    ],
    sound: [file('src/base/a.ts', `const template = 'flushpoint-XXXXXX'`)],
  },
  'no type is switched off with any': {
    broken: [
      file('src/base/a.ts', 'export const a = JSON.parse("1") as any'),
      file('src/base/a.ts', 'export const a = (b: any) => b'),
      file('test/a.test.ts', 'export let a: Array<any>'),
    ],
    sound: [file('src/base/a.ts', '// any of these\nexport const any: unknown = "as any"')],
  },
  'the compiler is not told to look away': {
    broken: [file('src/base/a.ts', `// @ts-${'expect-error'} it is fine`), file('test/a.ts', `// @ts-${'ignore'}`)],
    sound: [file('src/base/a.ts', '// @throws ToolError')],
  },
  'the linter is told to look away from one named rule with a reason': {
    broken: [
      file('src/base/a.ts', `// oxlint-${'disable'}-next-line`),
      file('src/base/a.ts', `/* eslint-${'disable'} */`),
      file('src/base/a.ts', `// oxlint-${'disable'}-next-line no-console`),
    ],
    sound: [file('src/base/a.ts', `// oxlint-${'disable'}-next-line no-await-in-loop -- one after the other`)],
  },
  'no test is switched off without a reason': {
    broken: [
      file('test/a.test.ts', `it.${'only'}('a', () => {})`),
      file('test/a.test.ts', `describe.${'skip'}('a', () => {})`),
      file('test/a.test.ts', `test.${'skip'}.each([1])('a', () => {})`),
    ],
    sound: [file('test/a.test.ts', `it.skipIf(missing)('a', () => {})\ncursor.skip(4)`)],
  },
  'nothing in src writes to the console behind the back of cli': {
    broken: [file('src/cli/a.ts', 'console.error("no")'), file('src/base/a.ts', 'export const say = console.log')],
    sound: [file('bin/run.js', 'console.log(1)'), file('src/base/a.ts', '// console.log(1)')],
  },
  'the text is about the tool, not about the place where it was written': {
    broken: [
      file('src/base/a.ts', `// as the ${'sub' + 'agent'} said`),
      file('README.md', `see ${'issue'} #4`),
      file('CHANGELOG.md', `fixed in ${'Session'} 1`),
      file('test/a.test.ts', `const path = '/${'work'}/main/a'`),
    ],
    sound: [file('README.md', 'a session with 3 issues of FLUSH'), file('src/base/a.ts', '// issued 4 syncs')],
  },
}
