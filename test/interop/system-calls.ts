import {readFileSync} from 'node:fs'

/** One system call as strace saw it return. */
export interface SystemCall {
  readonly name: string
  /** As printed: with -y, descriptors carry the path behind them. */
  readonly args: string
  readonly result: string
  /** Position of its begin and of its end in the order of all begins and ends. */
  readonly begin: number
  readonly end: number
}

/** What strace is asked for: all threads, paths behind descriptors, no data, every call that opens, moves or syncs data. */
export function straceOf(logPath: string): string[] {
  const calls = [
    ...['open', 'openat', 'close', 'ftruncate', 'fallocate', 'mmap', 'io_uring_setup'],
    ...['read', 'readv', 'pread64', 'preadv', 'preadv2', 'write', 'writev', 'pwrite64', 'pwritev', 'pwritev2'],
    ...['fsync', 'fdatasync', 'sync_file_range', 'sync', 'syncfs', 'msync'],
  ]
  return [
    'strace',
    '--follow-forks',
    '--decode-fds=path',
    '--string-limit=0',
    `--trace=${calls.join(',')}`,
    '-o',
    logPath,
  ]
}

const WHOLE = /^(\d+) +(\w+)\((.*)\) += (.*)$/
const BEGUN = /^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$/
const ENDED = /^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (.*)$/

/** The calls of a strace log in the order they ended; a call that another thread's interrupted in print is put together. */
export function readSystemCalls(logPath: string): SystemCall[] {
  const calls: SystemCall[] = []
  const begun = new Map<string, {name: string; args: string; begin: number}>()
  readFileSync(logPath, 'utf8')
    .split('\n')
    .forEach((line, at) => {
      const [, beginner, beginning, soFar] = BEGUN.exec(line) ?? []
      if (beginner !== undefined) {
        begun.set(beginner, {name: beginning as string, args: soFar as string, begin: at})
        return
      }
      const [, ender, , rest, late] = ENDED.exec(line) ?? []
      const first = ender === undefined ? undefined : begun.get(ender)
      if (first !== undefined) {
        calls.push({...first, args: first.args + (rest as string), result: late as string, end: at})
        return
      }
      const [, , name, args, result] = WHOLE.exec(line) ?? []
      if (name !== undefined) {
        calls.push({name, args: args as string, result: result as string, begin: at, end: at})
      }
    })
  return calls
}

/** An open of a file for which the image's path is known, with its flags. */
export interface Opening {
  readonly descriptor: number
  readonly flags: readonly string[]
}

/** The openings of a file, by any of its names, in order. */
export function openingsOf(calls: readonly SystemCall[], path: string): Opening[] {
  return calls
    .filter(({name, result}) => (name === 'openat' || name === 'open') && result.includes(`<${path}>`))
    .map(({args, result}) => ({
      descriptor: Number.parseInt(result, 10),
      flags: (/\bO_[A-Z_|O]+/.exec(args.slice(args.lastIndexOf('"')))?.[0] ?? '').split('|'),
    }))
}

/** The calls on a file's descriptors, opening and closing aside. */
export function callsOn(calls: readonly SystemCall[], path: string): SystemCall[] {
  return calls.filter(({name, args}) => !['openat', 'close'].includes(name) && /^\d+<([^>]*)>/.exec(args)?.[1] === path)
}

/** The descriptor a call works on. */
export function descriptorOf(call: SystemCall): number {
  return Number.parseInt(call.args, 10)
}

/** "pwrite64 4096+4096" for a transfer, the name for any other call. */
export function shortly({name, args}: SystemCall): string {
  const [, lengthBytes, offsetBytes] = /, (\d+), (\d+)$/.exec(args) ?? []
  return /^p(read|write)64$/.test(name) ? `${name} ${offsetBytes}+${lengthBytes}` : name
}
