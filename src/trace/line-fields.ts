import {ERRNO, errnoName, parseSize, ToolError} from '../base/index.js'
import {FieldError} from './fields.js'

/** The fields of one line of text. Each is asked for once; whatever nobody asked for is a mistake of the writer. */
export class LineFields {
  readonly #fields: Map<string, unknown>

  /** @throws FieldError when the text is not one JSON object */
  constructor(text: string) {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (error) {
      throw new FieldError(`this is not JSON: ${(error as Error).message}`)
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new FieldError('this is JSON, but not an object')
    }
    this.#fields = new Map(Object.entries(value))
  }

  has(name: string): boolean {
    return this.#fields.has(name)
  }

  /** Whatever the field holds; undefined when it is not there. */
  any(name: string): unknown {
    const value = this.#fields.get(name)
    this.#fields.delete(name)
    return value
  }

  /** A size or offset: a number of bytes, or text by the size rule ("4k"). */
  size(name: string, byDefault?: number): number {
    const value = this.any(name) ?? byDefault
    const bytes = typeof value === 'string' ? sizeOf(value, name) : value
    return count(bytes, name)
  }

  count(name: string, byDefault?: number): number {
    return count(this.any(name) ?? byDefault, name)
  }

  number(name: string, byDefault: number): number {
    const value = this.any(name) ?? byDefault
    if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(name, value, 'a number')
    return value
  }

  flag(name: string, byDefault: boolean): boolean {
    const value = this.any(name) ?? byDefault
    if (typeof value !== 'boolean') throw wrong(name, value, 'true or false')
    return value
  }

  text(name: string, byDefault?: string): string {
    const value = this.any(name) ?? byDefault
    if (typeof value !== 'string') throw wrong(name, value, 'text')
    return value
  }

  texts(name: string): readonly string[] {
    const value = this.any(name) ?? []
    if (!Array.isArray(value) || !value.every((item): item is string => typeof item === 'string')) {
      throw wrong(name, value, 'a list of texts')
    }
    return value
  }

  /** An errno as its name or its number. */
  errno(name: string): number {
    const value = this.any(name) ?? 0
    if (typeof value !== 'string') return count(value, name)
    const number = (ERRNO as Readonly<Record<string, number>>)[value]
    if (number === undefined) throw wrong(name, value, 'an errno such as "EIO"')
    return number
  }

  /** Nothing may be left. */
  end(): void {
    const [left] = this.#fields.keys()
    if (left !== undefined) throw new FieldError(`there is no field ${JSON.stringify(left)} here`)
  }
}

function sizeOf(text: string, name: string): number {
  try {
    return Number(parseSize(text))
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    throw new FieldError(`${name}: ${error.message}`)
  }
}

function count(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw value === undefined
      ? new FieldError(`the field ${JSON.stringify(name)} is missing`)
      : wrong(name, value, 'a count')
  }
  return value
}

function wrong(name: string, value: unknown, wanted: string): FieldError {
  if (value === undefined) return new FieldError(`the field ${JSON.stringify(name)} is missing`)
  return new FieldError(`${name} is ${JSON.stringify(value).slice(0, 60)}, not ${wanted}`)
}

/** An errno for a line: its name where the system has one for it. */
export function errnoField(errno: number): string | number {
  const name = errnoName(errno)
  return (ERRNO as Readonly<Record<string, number>>)[name] === errno ? name : errno
}
