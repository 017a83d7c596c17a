import {ToolError} from '../base/index.js'
import type {Check} from '../crash/index.js'
import type {CommandCheck} from './command-check-asking.js'
import {findProgram} from './command-check-line.js'
import {gptCheck} from './builtin-gpt.js'

/**
 * A check that comes with the tool: a question to the model (`stable-survives`), a function over an image, or a command. None of the
 * others looks at the marks: each tells whether an image is sound, not whether it is new.
 */
interface BuiltinCheck {
  readonly name: string
  /** What an image has to be. */
  readonly means: string
  /** What it does not tell. */
  readonly limits?: string | undefined
  readonly check:
    | {readonly kind: 'model'}
    | {readonly kind: 'function'; readonly run: Check}
    | {readonly kind: 'command'; readonly program: string; readonly package: string; readonly command: CommandCheck}
}

/** Every built-in check. To add one: a row. */
export const BUILTIN_CHECKS: readonly BuiltinCheck[] = [
  {
    name: 'stable-survives',
    means: 'every write that was stable when the trace was recorded is there',
    check: {kind: 'model'},
  },
  {
    name: 'sqlite',
    means: 'the image is a sound SQLite database (pragma integrity_check)',
    limits: 'The image holds the database alone: a rollback journal or write-ahead log beside it is not looked for.',
    check: {
      kind: 'command',
      program: 'sqlite3',
      package: 'sqlite3',
      // It ends with 0 whatever it finds, and says "ok" if that is nothing.
      command: {check: ['sqlite3', '{image}', 'pragma integrity_check'], expects: /^ok$/, readsMarks: false},
    },
  },
  {
    name: 'ext4',
    means: 'e2fsck finds nothing to repair once the journal has been replayed',
    check: {
      kind: 'command',
      program: 'e2fsck',
      package: 'e2fsprogs',
      // Without the replay every crash inside a transaction would count as damage: -n alone looks past the journal. 1: replayed.
      command: {
        recover: ['e2fsck', '-p', '-E', 'journal_only', '{image}'],
        recoverPasses: [0, 1],
        check: ['e2fsck', '-fn', '{image}'],
        readsMarks: false,
      },
    },
  },
  {
    name: 'xfs',
    means: 'xfs_repair -n finds nothing to repair',
    limits: 'It does not replay the log, which only a mount does: what the log would mend counts as damage.',
    check: {
      kind: 'command',
      program: 'xfs_repair',
      package: 'xfsprogs',
      command: {check: ['xfs_repair', '-n', '-f', '{image}'], readsMarks: false},
    },
  },
  {
    name: 'btrfs',
    means: 'btrfs check finds nothing to repair',
    check: {
      kind: 'command',
      program: 'btrfs',
      package: 'btrfs-progs',
      command: {check: ['btrfs', 'check', '--readonly', '{image}'], readsMarks: false},
    },
  },
  {
    name: 'vfat',
    means: 'fsck.vfat -n finds nothing to repair',
    limits: 'A file system that was not unmounted counts as damaged, by its dirty bit.',
    check: {
      kind: 'command',
      program: 'fsck.vfat',
      package: 'dosfstools',
      command: {check: ['fsck.vfat', '-n', '{image}'], readsMarks: false},
    },
  },
  {
    name: 'gpt',
    means: 'the GUID partition table, or its backup, is valid',
    check: {kind: 'function', run: gptCheck},
  },
]

/**
 * The check of a built-in, ready to run. Undefined for a name that is none.
 *
 * @param folders where programs are looked for; those of PATH and of the system unless told
 * @throws ToolError of kind environment when the program it needs is missing
 */
export function builtinCheck(name: string, folders?: readonly string[]): BuiltinCheck | undefined {
  const row = BUILTIN_CHECKS.find((candidate) => candidate.name === name)
  if (row === undefined || row.check.kind !== 'command') return row
  const {program, package: source} = row.check
  if (findProgram(program, folders) !== undefined) return row
  throw new ToolError('environment', 'E_CHECK_MISSING', `the check "${name}" needs ${program}, which is not there`, {
    hint: `Debian and its kin have it in the package ${source}.`,
  })
}
