import {isBuiltin} from 'node:module'
import {type House, type HouseFile, packageOf, roomOf, roomsOf, targetOf} from './house.js'
import {IMPORT_TABLE, IO_MODULES, type Room} from './import-table.js'
import type {Rule} from './rules.js'

const ROOM_BY_NAME: ReadonlyMap<string, Room> = new Map(IMPORT_TABLE.map((row) => [row.name, row]))

function codeOfRooms(house: House): {file: HouseFile; room: string}[] {
  return house.files.flatMap((file) => {
    const room = roomOf(file.path)
    return room !== undefined && file.path.endsWith('.ts') ? [{file, room}] : []
  })
}

/** Rooms on disk and rows of the table. */
function roomsWithoutRow(house: House): string[] {
  return [...roomsOf(house)].filter((name) => !ROOM_BY_NAME.has(name)).map((name) => `src/${name} is not in the table`)
}

function importsOutsideTheTable(house: House): string[] {
  return codeOfRooms(house).flatMap(({file, room}) =>
    file.imports.flatMap(({specifier, line}) => {
      const target = targetOf(file, specifier)
      const other = target === undefined ? undefined : roomOf(target)
      if (other === undefined || other === room || ROOM_BY_NAME.get(room)?.mayImport.includes(other)) return []
      return [`${file.path}:${line}: ${room} may not import ${other}`]
    }),
  )
}

function importsPastTheDoor(house: House): string[] {
  return codeOfRooms(house).flatMap(({file, room}) =>
    file.imports.flatMap(({specifier, line}) => {
      const target = targetOf(file, specifier)
      if (target === undefined) return []
      const other = roomOf(target)
      if (other === room || target === `src/${other}/index.ts`) return []
      return [`${file.path}:${line}: ${specifier} is not the door of a room`]
    }),
  )
}

function packagesOutOfTheirRoom(house: House): string[] {
  const owned = new Set(IMPORT_TABLE.flatMap((row) => row.packages))
  return codeOfRooms(house).flatMap(({file, room}) =>
    file.imports.flatMap(({specifier, line}) => {
      const name = packageOf(specifier)
      if (name === undefined || ROOM_BY_NAME.get(room)?.packages.includes(name)) return []
      if (isBuiltin(name)) return [`${file.path}:${line}: write node:${specifier}`]
      return [`${file.path}:${line}: ${room} may not import ${name}${owned.has(name) ? '' : ', which no room owns'}`]
    }),
  )
}

function ioInPureRooms(house: House): string[] {
  return codeOfRooms(house).flatMap(({file, room}) =>
    file.imports
      .filter(({specifier}) => ROOM_BY_NAME.get(room)?.half === 'pure' && specifier.startsWith('node:'))
      .filter(({specifier}) => IO_MODULES.includes(specifier.slice('node:'.length)))
      .map(({specifier, line}) => `${file.path}:${line}: ${room} is pure and imports ${specifier}`),
  )
}

/** Rooms that the command framework reads file by file; they have no door. */
const DOORLESS = ['commands']

function doors(house: House): string[] {
  const faults: string[] = []
  for (const room of roomsOf(house)) {
    const door = `src/${room}/index.ts`
    if (!DOORLESS.includes(room) && !house.files.some((file) => file.path === door)) faults.push(`${door} is missing`)
  }
  for (const {file, room} of codeOfRooms(house)) {
    if (DOORLESS.includes(room) || !file.path.endsWith('/index.ts')) continue
    if (!/^\/\*\*\s+(\* )?Method: /.test(file.text)) faults.push(`${file.path} does not open with a Method comment`)
  }
  return faults
}

/** Who may import whom. */
export const IMPORT_RULES = {
  'every room has a row in the import table': roomsWithoutRow,
  'a room imports only the rooms its row names': importsOutsideTheTable,
  'a room is entered through its door': importsPastTheDoor,
  'a package is imported only by the room that owns it': packagesOutOfTheirRoom,
  'a pure room does no I/O': ioInPureRooms,
  'a door opens with what its room is for': doors,
} as const satisfies Record<string, Rule>
